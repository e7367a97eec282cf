package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

// cache is what a client keeps between two updates: root.json, timestamp.json, snapshot.json, targets.json.
type cache map[string][]byte

// server answers with a file, or says that there is none.
type server func(name string) ([]byte, bool)

func serving(served files) server {
	return func(name string) ([]byte, bool) {
		found, ok := served[name]
		return found, ok
	}
}

// DownloadFile looks at the last part of the path alone, as the web server does.
func (serve server) DownloadFile(url string, most int64, _ time.Duration) ([]byte, error) {
	found, ok := serve(path.Base(url))
	if !ok {
		return nil, &metadata.ErrDownloadHTTP{StatusCode: 404, URL: url}
	}
	if int64(len(found)) > most {
		return nil, &metadata.ErrDownloadLengthMismatch{Msg: fmt.Sprintf("%s is longer than %d", url, most)}
	}
	return found, nil
}

// update lets a client with this cache update at that time, fetch every target, and returns its cache after it.
// The folder is its own; whatever is there is lost.
func update(folder string, before cache, serve server, now time.Time) (cache, error) {
	if err := restore(folder, before); err != nil {
		return nil, err
	}
	settings, err := config.New("http://repository.invalid", before["root.json"])
	if err != nil {
		return nil, err
	}
	settings.Fetcher = serve
	settings.LocalMetadataDir = folder
	settings.LocalTargetsDir = folder
	client, err := updater.New(settings)
	if err != nil {
		return nil, err
	}
	client.UnsafeSetRefTime(now)
	if err := client.Refresh(); err != nil {
		return nil, err
	}
	if err := fetchTargets(client, serve); err != nil {
		return nil, err
	}
	return kept(folder)
}

func fetchTargets(client *updater.Updater, serve server) error {
	targets := client.GetTopLevelTargets()
	if len(targets) == 0 {
		return fmt.Errorf("there are no targets")
	}
	for name := range targets {
		info, err := client.GetTargetInfo(name)
		if err != nil {
			return err
		}
		// What it verified is returned too; keeping a copy of each would take more time than all the rest.
		if _, data, err := client.DownloadTarget(info, os.DevNull, ""); err != nil {
			return fmt.Errorf("target %s: %w", name, err)
		} else if int64(len(data)) != info.Length {
			return fmt.Errorf("target %s: %d bytes instead of %d", name, len(data), info.Length)
		}
	}
	return nil
}

func restore(folder string, before cache) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	for name, data := range before {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func kept(folder string) (cache, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	after := cache{}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".json") {
			return nil, fmt.Errorf("the client left %s behind", entry.Name())
		}
		if after[entry.Name()], err = os.ReadFile(filepath.Join(folder, entry.Name())); err != nil {
			return nil, err
		}
	}
	return after, nil
}

func (c cache) equals(other cache) bool {
	if len(c) != len(other) {
		return false
	}
	for name, data := range c {
		if !bytes.Equal(data, other[name]) {
			return false
		}
	}
	return true
}
