// SPDX-License-Identifier: BSD-2-Clause

package rheo_test

import (
	"os"
	"strings"
	"testing"
)

// The example in the README is one that is run.
func TestReadmeShowsLinesOfTheExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example/main.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]bool{}
	for _, line := range strings.Split(string(example), "\n") {
		lines[strings.TrimSpace(line)] = true
	}
	_, code, _ := strings.Cut(string(readme), "```go\n")
	code, _, ok := strings.Cut(code, "```")
	if !ok || strings.Count(code, "\n") < 5 {
		t.Fatal("there is no example")
	}
	for _, line := range strings.Split(strings.TrimSpace(code), "\n") {
		if !lines[strings.TrimSpace(line)] {
			t.Errorf("not in example/main.go: %s", line)
		}
	}
}
