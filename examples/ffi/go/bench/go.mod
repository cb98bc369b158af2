module rheo.example/rheo/bench

go 1.26.0

require (
	github.com/juju/ratelimit v1.0.2
	github.com/sony/gobreaker/v2 v2.4.0
	go.uber.org/ratelimit v0.3.1
	golang.org/x/time v0.16.0
	rheo.example/rheo v0.0.0
)

require (
	github.com/benbjohnson/clock v1.3.0 // indirect
	gopkg.in/check.v1 v1.0.0-20201130134442-10cb98267c6c // indirect
)

replace rheo.example/rheo => ../
