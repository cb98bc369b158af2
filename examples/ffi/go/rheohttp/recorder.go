// SPDX-License-Identifier: BSD-2-Clause

package rheohttp

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// recorder sees which status a handler answers. It hides nothing of the
// ResponseWriter: what that cannot do either, it says as net/http says it.
type recorder struct {
	http.ResponseWriter
	status int
}

// answered is the status; a handler that wrote nothing has answered 200.
func (w *recorder) answered() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

func (w *recorder) saw(status int) {
	// Those below 200 come before the answer, but for 101, which is one.
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
}

func (w *recorder) WriteHeader(status int) {
	w.saw(status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	w.saw(http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// ReadFrom keeps what io.Copy knows to do with a connection's own writer.
func (w *recorder) ReadFrom(r io.Reader) (int64, error) {
	w.saw(http.StatusOK)
	return io.Copy(w.ResponseWriter, r)
}

func (w *recorder) Flush() {
	w.saw(http.StatusOK)
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if h, ok := w.ResponseWriter.(http.Hijacker); ok {
		return h.Hijack()
	}
	return nil, nil, http.ErrNotSupported
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
