// readers asks the servers' and clients' own readers whether they take what a Job has taken. Each line of its input is a
// JSON object with the name of a reader and the files that it reads, in base64; each line of its output says whether the
// reader took them, and by which key, or what the reader said.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// question is one line of the input. Files have the names that the Secrets' keys have.
type question struct {
	Reader string            `json:"reader"`
	Files  map[string][]byte `json:"files"`
	// Mount is where ct_server's configuration says that its files are.
	Mount string `json:"mount"`
}

// answer is one line of the output. Key is the SHA-256 of the public key that the reader found, where it looks for one.
type answer struct {
	Accepted bool   `json:"accepted"`
	Key      string `json:"key,omitempty"`
	Why      string `json:"why,omitempty"`
}

// reader returns the key that it found, if it looks for one, and what is wrong.
type reader func(question) (key any, err error)

func main() {
	folder, err := os.MkdirTemp("", "readers-")
	if err != nil {
		fail(74, err)
	}
	err = serve(readersIn(folder))
	os.RemoveAll(folder)
	if err != nil {
		fail(65, err)
	}
}

func fail(status int, err error) {
	fmt.Fprintln(os.Stderr, "error:", err)
	os.Exit(status)
}

func serve(readers map[string]reader) error {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	decoder, encoder := json.NewDecoder(lines), json.NewEncoder(out)
	for decoder.More() {
		var asked question
		if err := decoder.Decode(&asked); err != nil {
			return err
		}
		read, known := readers[asked.Reader]
		if !known {
			return fmt.Errorf("there is no reader %q", asked.Reader)
		}
		if err := encoder.Encode(ask(read, asked)); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// ask takes a panic for a refusal: it is how a server would end.
func ask(read reader, asked question) (told answer) {
	defer func() {
		if panicked := recover(); panicked != nil {
			told = answer{Why: fmt.Sprint("panic: ", panicked)}
		}
	}()
	key, err := read(asked)
	if err != nil {
		return answer{Why: err.Error()}
	}
	name, err := fingerprint(key)
	if err != nil {
		return answer{Why: err.Error()}
	}
	return answer{Accepted: true, Key: name}
}
