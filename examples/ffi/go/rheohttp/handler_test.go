// SPDX-License-Identifier: BSD-2-Clause

package rheohttp_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rheo.example/rheo"
	"rheo.example/rheo/rheohttp"
)

func bucket(t *testing.T, cfg rheo.BucketConfig) *rheo.Bucket {
	t.Helper()
	b, err := rheo.NewBucket(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func breaker(t *testing.T, cfg rheo.BreakerConfig) *rheo.Breaker {
	t.Helper()
	b, err := rheo.NewBreaker(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func guard(t *testing.T, b *rheo.Breaker, buckets ...*rheo.Bucket) *rheo.Guard {
	t.Helper()
	g, err := rheo.NewGuard(rheo.GuardConfig{Breaker: b, Buckets: buckets})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func snapshot(t *testing.T, b *rheo.Breaker) rheo.Snapshot {
	t.Helper()
	s, err := b.Snapshot(rheo.Now())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func answers(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) })
}

// ask makes one request of a handler.
func ask(h http.Handler) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	return w.Result()
}

// wantAnswer checks status and fields; "" is a field that must not be there.
func wantAnswer(t *testing.T, r *http.Response, status int, fields map[string]string) {
	t.Helper()
	if r.StatusCode != status {
		t.Errorf("%d, want %d", r.StatusCode, status)
	}
	for name, want := range fields {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %s; want %s", name, got, want)
		}
	}
}

func TestLimitedRequestsAreAnswered429WithTheFields(t *testing.T) {
	g := guard(t, nil,
		bucket(t, rheo.BucketConfig{TokensPerPeriod: 1, Period: 90 * time.Second, Burst: 2}),
		bucket(t, rheo.BucketConfig{TokensPerPeriod: 1000, Period: time.Hour, Burst: 100}))
	h := (&rheohttp.Middleware{Guard: g, Names: []string{`per "min\`, "hour"}}).Wrap(answers(204))
	policy := `"per \"min\\";q=2;w=180, "hour";q=100;w=360`
	wantAnswer(t, ask(h), 204, map[string]string{
		"RateLimit-Policy": policy, "RateLimit": `"per \"min\\";r=1;t=90`, "Retry-After": "",
	})
	ask(h)
	refused := ask(h)
	wantAnswer(t, refused, 429, map[string]string{
		"RateLimit-Policy": policy, "RateLimit": `"per \"min\\";r=0;t=90`, "Retry-After": "90",
		"Content-Type": "application/problem+json", "Cache-Control": "no-store",
	})
	var problem struct {
		Type, Detail string
		Status       int
		Violated     []string `json:"violated-policies"`
	}
	if err := json.NewDecoder(refused.Body).Decode(&problem); err != nil || problem.Status != 429 ||
		!strings.HasSuffix(problem.Type, "#quota-exceeded") || problem.Detail != "not enough tokens now" ||
		len(problem.Violated) != 1 || problem.Violated[0] != `per "min\` {
		t.Errorf("%+v, %v", problem, err)
	}
}

func TestCostAndChoiceAreTheRequests(t *testing.T) {
	gold := guard(t, nil, bucket(t, rheo.BucketConfig{TokensPerPeriod: 1, Period: time.Hour, Burst: 5}))
	m := &rheohttp.Middleware{
		Choose: func(r *http.Request) *rheo.Guard {
			if r.URL.Path == "/free" {
				return nil
			}
			return gold
		},
		Cost: func(r *http.Request) uint64 { return uint64(len(r.URL.Path) - 1) },
	}
	h := m.Wrap(answers(200))
	for _, c := range []struct {
		path   string
		status int
	}{{"/1234", 200}, {"/12", 429}, {"/", 200}, {"/1", 200}, {"/free", 200}, {"/1", 429}, {"/", 200}, {"/123456", 429}} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", c.path, nil))
		if w.Code != c.status {
			t.Errorf("%s: %d, want %d", c.path, w.Code, c.status)
		}
		if never := c.path == "/123456"; never && w.Header().Get("Retry-After") != "" {
			t.Error("what never passes is not to be tried again")
		}
	}
}

func TestAnswersAreReportedAndAnOpenBreakerIs503(t *testing.T) {
	b := breaker(t, rheo.BreakerConfig{MinimumCalls: 4, Open: 2 * time.Second})
	status := 200
	h := (&rheohttp.Middleware{Guard: guard(t, b)}).Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status != 200 {
			w.WriteHeader(status)
			w.WriteHeader(200) // too late to count
		}
	}))
	ask(h) // 200 without a word
	status = 404
	ask(h)
	if s := snapshot(t, b); s.Successes != 2 || s.Failures != 0 {
		t.Errorf("%+v", s)
	}
	status = 503
	ask(h)
	wantAnswer(t, ask(h), 503, map[string]string{"Retry-After": "", "RateLimit": "", "RateLimit-Policy": ""})
	status = 200
	refused := ask(h)
	wantAnswer(t, refused, 503, map[string]string{"Retry-After": "2", "Content-Type": "application/problem+json"})
	if body, _ := io.ReadAll(refused.Body); !strings.Contains(string(body), "the breaker is open") {
		t.Errorf("%s", body)
	}
	if s := snapshot(t, b); s.RefusedOpen != 1 || s.Successes != 2 || s.Failures != 2 {
		t.Errorf("%+v", s)
	}
}

func TestOutcomeIsTheCallers(t *testing.T) {
	b := breaker(t, rheo.BreakerConfig{})
	m := &rheohttp.Middleware{Guard: guard(t, b), Outcome: func(status int) rheo.Outcome {
		if status == 418 {
			return rheo.Ignored
		}
		return rheo.Failure
	}}
	ask(m.Wrap(answers(418)))
	ask(m.Wrap(answers(200)))
	if s := snapshot(t, b); s.Ignored != 1 || s.Failures != 1 {
		t.Errorf("%+v", s)
	}
}

func TestPanicsAreFailuresAndGoOn(t *testing.T) {
	b := breaker(t, rheo.BreakerConfig{})
	h := (&rheohttp.Middleware{Guard: guard(t, b)}).Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		panic(http.ErrAbortHandler)
	}))
	func() {
		defer func() {
			if r := recover(); r != http.ErrAbortHandler {
				t.Errorf("%v", r)
			}
		}()
		ask(h)
	}()
	if s := snapshot(t, b); s.Failures != 1 || s.Successes != 0 {
		t.Errorf("%+v", s)
	}
}

func TestClosedGuardIsTheServersError(t *testing.T) {
	g := guard(t, breaker(t, rheo.BreakerConfig{}))
	g.Close()
	wantAnswer(t, ask((&rheohttp.Middleware{Guard: g}).Wrap(answers(200))), 500, map[string]string{"Retry-After": ""})
}

// Over a real connection, where the writer can flush, be taken over, and copy.
func TestWriterStillDoesWhatItCould(t *testing.T) {
	b := breaker(t, rheo.BreakerConfig{})
	m := &rheohttp.Middleware{Guard: guard(t, b)}
	mux := http.NewServeMux()
	mux.HandleFunc("/flush", func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush() })
	mux.HandleFunc("/copy", func(w http.ResponseWriter, r *http.Request) {
		if _, ok := w.(io.ReaderFrom); !ok {
			t.Error("no ReaderFrom")
		}
		io.Copy(w, strings.NewReader("copied"))
	})
	mux.HandleFunc("/hints", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(103)
		w.WriteHeader(502)
	})
	mux.HandleFunc("/hijack", func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		rw.WriteString("HTTP/1.1 299 taken over\r\nConnection: close\r\n\r\n")
		rw.Flush()
		conn.Close()
	})
	wrapped := m.Wrap(mux)
	served := make(chan bool, 1) // the answer is there before the report is
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wrapped.ServeHTTP(w, r)
		served <- true
	}))
	defer server.Close()
	for path, status := range map[string]int{"/flush": 200, "/copy": 200, "/hijack": 299, "/hints": 502} {
		r, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(path, err)
		}
		body, _ := io.ReadAll(bufio.NewReader(r.Body))
		r.Body.Close()
		<-served
		if r.StatusCode != status || (path == "/copy" && string(body) != "copied") {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
	}
	if s := snapshot(t, b); s.Successes != 3 || s.Failures != 1 {
		t.Errorf("%+v", s)
	}
}
