// SPDX-License-Identifier: BSD-2-Clause

package rheohttp

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rheo.example/rheo"
)

// fields says which limits there are and what is left of the tightest, as
// draft-ietf-httpapi-ratelimit-headers has it: "name";q=burst;w=seconds to earn
// it, and "name";r=tokens left;t=seconds to the next one.
func (m *Middleware) fields(h http.Header, guard *rheo.Guard, v *rheo.Verdict) {
	var policies []string
	for i, bucket := range guard.Buckets() {
		// Asked each time, as a bucket may be reconfigured at any.
		q, err := bucket.Quota(v.DecidedNS)
		if err != nil {
			continue
		}
		policies = append(policies, quote(m.name(i))+";q="+strconv.FormatUint(q.Limit, 10)+
			";w="+strconv.FormatUint(seconds(q.Window), 10))
	}
	if len(policies) > 0 {
		h.Set("RateLimit-Policy", strings.Join(policies, ", "))
	}
	if v.Bucket >= 0 && v.Limit > 0 {
		h.Set("RateLimit", quote(m.name(v.Bucket))+";r="+strconv.FormatUint(v.Remaining, 10)+
			";t="+strconv.FormatUint(seconds(v.More), 10))
	}
}

func (m *Middleware) name(bucket int) string {
	switch {
	case bucket < len(m.Names):
		return m.Names[bucket]
	case bucket == 0:
		return "default"
	}
	return "default-" + strconv.Itoa(bucket+1)
}

// quote makes a structured field's string; what may not be in one becomes "_".
func quote(name string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range name {
		if r < ' ' || r > '~' {
			r = '_'
		}
		if r == '"' || r == '\\' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	b.WriteByte('"')
	return b.String()
}

func seconds(d time.Duration) uint64 {
	s := uint64(d / time.Second)
	if d%time.Second != 0 {
		s++
	}
	return s
}

// problem is what RFC 9457 calls one.
type problem struct {
	Type     string   `json:"type"`
	Title    string   `json:"title"`
	Status   int      `json:"status"`
	Detail   string   `json:"detail"`
	Violated []string `json:"violated-policies,omitempty"`
}

// refuse answers for a guard that did not admit.
func (m *Middleware) refuse(w http.ResponseWriter, v *rheo.Verdict) {
	p := problem{Type: "about:blank", Detail: strings.TrimPrefix(v.Status.Error(), "rheo: ")}
	switch {
	case v.Status < rheo.OK:
		p.Status = http.StatusInternalServerError
	case v.RefusedBy == rheo.ByBreaker:
		p.Status = http.StatusServiceUnavailable
	default:
		p.Status = http.StatusTooManyRequests
	}
	p.Title = http.StatusText(p.Status)
	if p.Status == http.StatusTooManyRequests {
		// The type that comes with the RateLimit fields.
		p.Type = "https://iana.org/assignments/http-problem-types#quota-exceeded"
		p.Title = "Request cannot be satisfied as assigned quota has been exceeded"
		p.Violated = []string{m.name(int(v.RefusedBy - rheo.ByBucket))}
	}
	h := w.Header()
	if v.Status > rheo.OK && v.RetryAfter != rheo.Forever {
		s := seconds(v.RetryAfter)
		if s == 0 {
			s = 1
		}
		h.Set("Retry-After", strconv.FormatUint(s, 10))
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	// A client that has gone away is no error of ours.
	_ = json.NewEncoder(w).Encode(p)
}
