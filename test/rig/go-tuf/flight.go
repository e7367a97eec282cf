package main

import (
	"regexp"
	"slices"
)

// kinds are a repository's files in the order in which a client asks for them.
var kinds = []*regexp.Regexp{
	regexp.MustCompile(`^\d+\.root\.json$`),
	regexp.MustCompile(`^timestamp\.json$`),
	regexp.MustCompile(`^\d+\.snapshot\.json$`),
	regexp.MustCompile(`^\d+\.targets\.json$`),
	regexp.MustCompile(``),
}

func kindOf(name string) int {
	return slices.IndexFunc(kinds, func(kind *regexp.Regexp) bool { return kind.MatchString(name) })
}

// change is when the later files come in between.
type change struct {
	early   string
	isEarly func(kind int) bool
}

var changes = []change{
	{"root", func(kind int) bool { return kind < 1 }},
	{"root and timestamp", func(kind int) bool { return kind < 2 }},
	{"root, timestamp and snapshot", func(kind int) bool { return kind < 3 }},
	{"root, timestamp, snapshot and targets", func(kind int) bool { return kind < 4 }},
	// As a proxy has it that keeps the one file which changes under its name.
	{"timestamp", func(kind int) bool { return kind == 1 }},
}

func (c change) between(early, late files) server {
	return func(name string) ([]byte, bool) {
		if c.isEarly(kindOf(name)) {
			return serving(early)(name)
		}
		return serving(late)(name)
	}
}
