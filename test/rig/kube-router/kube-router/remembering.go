package main

import (
	"strings"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/utils"
)

// For how long what was found in the tables is taken to be there still.
const trusted = 10 * time.Second

// remembering is a handler of iptables that does not look again, within a while, for what it found.
//
// Before each change the controller looks for the ways into its chains, which takes it fifteen starts of iptables. Here
// nobody takes them away: kube-proxy was there before, and keeps to chains of its own.
type remembering struct {
	utils.IPTablesHandler
	found map[string]any
	since time.Time
}

func (r *remembering) Exists(table, chain string, rule ...string) (bool, error) {
	return recall(r, "rule", append([]string{table, chain}, rule...), func() (bool, error) {
		return r.IPTablesHandler.Exists(table, chain, rule...)
	})
}

func (r *remembering) ChainExists(table, chain string) (bool, error) {
	return recall(r, "chain", []string{table, chain}, func() (bool, error) {
		return r.IPTablesHandler.ChainExists(table, chain)
	})
}

func (r *remembering) List(table, chain string) ([]string, error) {
	return recall(r, "rules", []string{table, chain}, func() ([]string, error) {
		return r.IPTablesHandler.List(table, chain)
	})
}

func (r *remembering) AppendUnique(table, chain string, rule ...string) error {
	if there, err := r.Exists(table, chain, rule...); there || err != nil {
		return err
	}
	r.found = nil
	return r.IPTablesHandler.Append(table, chain, rule...)
}

func (r *remembering) NewChain(table, chain string) error {
	r.found = nil
	return r.IPTablesHandler.NewChain(table, chain)
}

func (r *remembering) Insert(table, chain string, position int, rule ...string) error {
	r.found = nil
	return r.IPTablesHandler.Insert(table, chain, position, rule...)
}

func (r *remembering) Delete(table, chain string, rule ...string) error {
	r.found = nil
	return r.IPTablesHandler.Delete(table, chain, rule...)
}

// recall gives what was found lately, and else looks.
func recall[T any](r *remembering, kind string, what []string, look func() (T, error)) (T, error) {
	if r.found == nil || time.Since(r.since) > trusted {
		r.found, r.since = map[string]any{}, time.Now()
	}
	key := kind + "\x00" + strings.Join(what, "\x00")
	if known, ok := r.found[key]; ok {
		return known.(T), nil
	}
	value, err := look()
	if err == nil {
		r.found[key] = value
	}
	return value, err
}
