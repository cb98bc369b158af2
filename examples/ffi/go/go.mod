// The path is a name nobody can own: where you put the module, give it yours.
module rheo.example/rheo

go 1.19
