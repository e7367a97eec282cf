package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
)

type report struct {
	Client  string `json:"client"`
	Fresh   count  `json:"fresh"`
	Updates count  `json:"updates"`
	Flights count  `json:"flights"`
	// Refused counts what was tried and not accepted; Refusals are the first of them.
	Refused  int       `json:"refused"`
	Refusals []refusal `json:"refusals"`
}

type count struct {
	Tried    int `json:"tried"`
	Accepted int `json:"accepted"`
}

type refusal struct {
	Client string `json:"client"`
	Served string `json:"served"`
	Why    string `json:"why"`
}

// trial is one client and what it is served.
type trial struct {
	client, served string
	run            func(folder string) error
}

// verifier holds, for each state, what a client keeps that updated then; nil where it could not.
type verifier struct {
	*history
	scratch string
	caches  []cache
	report  report
}

func verify(h *history, scratch string) *report {
	v := &verifier{history: h, scratch: scratch, caches: make([]cache, len(h.States))}
	v.report = report{Client: clientVersion(), Refusals: []refusal{}}
	v.report.Fresh = v.try(v.fresh())
	v.report.Updates = v.try(v.updates())
	v.report.Flights = v.try(v.flights())
	return &v.report
}

func clientVersion() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/theupdateframework/go-tuf/v2" {
			return module.Path + " " + module.Version
		}
	}
	return "unknown"
}

// fresh has a client with nothing but the first root in each state, when that begins and when it ends.
func (v *verifier) fresh() []trial {
	var trials []trial
	for number, state := range v.States {
		serve := serving(v.served[number])
		trials = append(trials, trial{firstRoot, name(number), func(folder string) (err error) {
			v.caches[number], err = update(folder, v.newcomer(), serve, state.Begins)
			return err
		}}, trial{firstRoot, name(number), func(folder string) error {
			_, err := update(folder, v.newcomer(), serve, state.Ends)
			return err
		}})
	}
	return trials
}

// updates has each pair of states: a client of the earlier one meets the later one at its end. So late are those
// files served, and metadata that is good then was good before.
func (v *verifier) updates() []trial {
	var trials []trial
	for late := range v.States {
		for early, before := range v.caches[:late+1] {
			if before == nil {
				continue
			}
			trials = append(trials, trial{name(early), name(late), func(folder string) error {
				return v.arrives(folder, before, late)
			}})
		}
	}
	return trials
}

// arrives says whether a client with this cache comes to hold, at the end of a state, what every other client holds.
func (v *verifier) arrives(folder string, before cache, late int) error {
	after, err := update(folder, before, serving(v.served[late]), v.States[late].Ends)
	if err == nil && v.caches[late] != nil && !after.equals(v.caches[late]) {
		err = errors.New("the client ended with other metadata than one that began today")
	}
	return err
}

// flights has each planned flight for every way in which the later files may come in between.
func (v *verifier) flights() []trial {
	var trials []trial
	for _, flight := range v.Flights {
		for _, client := range v.passengers(flight) {
			for _, change := range changes {
				serve := change.between(v.served[flight.Early], v.served[flight.Late])
				served := fmt.Sprintf("%s of %s, else %s", change.early, name(flight.Early), name(flight.Late))
				trials = append(trials, trial{client.name, served, func(folder string) error {
					after, err := update(folder, client.cache, serve, v.States[flight.Late].Begins)
					if err != nil {
						return err
					}
					return v.arrives(folder, after, flight.Late)
				}})
			}
		}
	}
	return trials
}

type passenger struct {
	name  string
	cache cache
}

// passengers are who has the first root alone, or what the state before left, or that with the first root again.
func (v *verifier) passengers(flight flight) []passenger {
	newcomer := passenger{firstRoot, v.newcomer()}
	if flight.Early == 0 || v.caches[flight.Early-1] == nil {
		return []passenger{newcomer}
	}
	before, whose := v.caches[flight.Early-1], name(flight.Early-1)
	again := maps.Clone(before)
	again["root.json"] = v.first
	return []passenger{newcomer, {whose, before}, {whose + " with " + firstRoot, again}}
}

const firstRoot = "1.root.json"

func (v *verifier) newcomer() cache { return cache{"root.json": v.first} }

// try runs trials on all processors, and notes what was refused in the order of the trials.
func (v *verifier) try(trials []trial) count {
	var next atomic.Int64
	var workers sync.WaitGroup
	outcomes := make([]error, len(trials))
	for worker := range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			folder := filepath.Join(v.scratch, strconv.Itoa(worker))
			for {
				index := int(next.Add(1)) - 1
				if index >= len(trials) {
					return
				}
				outcomes[index] = trials[index].run(folder)
			}
		})
	}
	workers.Wait()
	tried := count{Tried: len(trials)}
	for index, err := range outcomes {
		if err == nil {
			tried.Accepted++
			continue
		}
		v.report.Refused++
		if len(v.report.Refusals) < 20 {
			trial := trials[index]
			v.report.Refusals = append(v.report.Refusals, refusal{trial.client, trial.served, err.Error()})
		}
	}
	return tried
}

// name counts states from 1, as people do.
func name(state int) string { return "state " + strconv.Itoa(state+1) }
