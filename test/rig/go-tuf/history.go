package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// plan is FOLDER/plan.json.
type plan struct {
	States  []state  `json:"states"`
	Flights []flight `json:"flights"`
}

// state says which folder of FOLDER was served, and from when until when.
type state struct {
	Files  string    `json:"files"`
	Begins time.Time `json:"begins"`
	Ends   time.Time `json:"ends"`
}

// flight is an update that began with the files of one state and went on with those of a later one, counted from 0.
type flight struct {
	Early int `json:"early"`
	Late  int `json:"late"`
}

// files are what a repository serves, by name.
type files map[string][]byte

type history struct {
	plan
	served []files
	// first is the root that every client was given.
	first []byte
}

func load(folder string) (*history, error) {
	text, err := os.ReadFile(filepath.Join(folder, "plan.json"))
	if err != nil {
		return nil, err
	}
	read := &history{}
	if err := json.Unmarshal(text, &read.plan); err != nil {
		return nil, fmt.Errorf("plan.json: %w", err)
	}
	if len(read.States) == 0 {
		return nil, fmt.Errorf("plan.json has no states")
	}
	for _, state := range read.States {
		served, err := loadState(filepath.Join(folder, state.Files))
		if err != nil {
			return nil, err
		}
		read.served = append(read.served, served)
	}
	for _, flight := range read.Flights {
		if flight.Early < 0 || flight.Early >= flight.Late || flight.Late >= len(read.States) {
			return nil, fmt.Errorf("plan.json has a flight from %d to %d", flight.Early, flight.Late)
		}
	}
	read.first = read.served[0][firstRoot]
	return read, nil
}

func loadState(folder string) (files, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	read := files{}
	for _, entry := range entries {
		if read[entry.Name()], err = os.ReadFile(filepath.Join(folder, entry.Name())); err != nil {
			return nil, err
		}
	}
	return read, nil
}
