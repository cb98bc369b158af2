// SPDX-License-Identifier: BSD-2-Clause

package rheo_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// A call into C whose object is not kept alive goes wrong once in a million
// collections, which no run would show: so the source is read.
func TestEveryCallWithAHandleKeepsItsObjectAlive(t *testing.T) {
	files := token.NewFileSet()
	names, _ := filepath.Glob("*.go")
	calls := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			// h and c give a handle to others, who then have to.
			if !ok || f.Name.Name == "h" || f.Name.Name == "c" {
				continue
			}
			var handle, kept token.Pos
			ast.Inspect(f, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					switch s, _ := call.Fun.(*ast.SelectorExpr); {
					case s == nil || len(call.Args) > 1:
					case s.Sel.Name == "KeepAlive":
						kept = call.Pos()
					case len(call.Args) == 0 && (s.Sel.Name == "h" || s.Sel.Name == "c"):
						// cfg.c() makes a configuration.
						if x, ok := s.X.(*ast.Ident); !ok || x.Name != "cfg" {
							handle = call.Pos()
						}
					}
				}
				return true
			})
			if handle.IsValid() {
				calls++
				if kept < handle {
					t.Errorf("%s: %s", files.Position(handle), f.Name.Name)
				}
			}
		}
	}
	if calls < 30 {
		t.Errorf("only %d calls were found", calls)
	}
}
