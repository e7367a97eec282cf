// go-tuf follows a TUF repository through its history with the client of github.com/theupdateframework/go-tuf: it
// reads a folder with plan.json and the states that the plan names, lets clients of every age update in every state, and
// prints how they fared as JSON. Exit status 1 where a client refused what it was served.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go-tuf FOLDER, with FOLDER/plan.json")
		os.Exit(64)
	}
	report, err := follow(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(65)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(report); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(74)
	}
	if report.Refused > 0 {
		os.Exit(1)
	}
}

func follow(folder string) (*report, error) {
	history, err := load(folder)
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "go-tuf-")
	if err != nil {
		return nil, err
	}
	return verify(history, scratch), os.RemoveAll(scratch)
}
