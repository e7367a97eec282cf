package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/certificate-transparency-go/trillian/ctfe"
	"github.com/google/certificate-transparency-go/trillian/ctfe/configpb"
	"github.com/google/certificate-transparency-go/x509util"
	"github.com/google/trillian/crypto/keys"
	"github.com/google/trillian/crypto/keys/pem"
	"github.com/google/trillian/crypto/keyspb"
	"github.com/google/trillian/monitoring"
	"google.golang.org/protobuf/types/known/anypb"
	"k8s.io/klog/v2"
)

// As ct_server does before it reads its configuration. What it logs is no part of an answer.
var knowPEM = sync.OnceFunc(func() {
	keys.RegisterHandler(&keyspb.PEMKeyFile{}, pem.FromProto)
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
})

// ctServer sets a log up as ct_server does when it starts, up to the first question to Trillian.
func (s scratch) ctServer(asked question) (any, error) {
	knowPEM()
	if err := s.put(asked); err != nil {
		return nil, err
	}
	config, err := ctfe.MultiLogConfigFromFile(s.path("config"))
	if err != nil {
		return nil, err
	}
	if _, err := ctfe.ValidateLogMultiConfig(config); err != nil {
		return nil, err
	}
	var first crypto.PublicKey
	var keys []crypto.PublicKey
	for _, log := range config.LogConfigs.Config {
		instance, err := s.setUp(log, asked)
		if err != nil {
			return nil, err
		}
		key := instance.GetPublicKey()
		if key == nil {
			continue // a frozen log signs nothing
		}
		if slices.ContainsFunc(keys, key.(interface{ Equal(crypto.PublicKey) bool }).Equal) {
			return nil, errors.New("same private key used by more than one log")
		}
		if keys = append(keys, key); len(keys) == 1 {
			first = key
		}
	}
	return first, s.allRoots(asked, config.LogConfigs.Config[0])
}

// setUp prepares one log of a configuration.
func (s scratch) setUp(log *configpb.LogConfig, asked question) (*ctfe.Instance, error) {
	if err := s.mount(log, asked.Mount); err != nil {
		return nil, err
	}
	validated, err := ctfe.ValidateLogConfig(log)
	if err != nil {
		return nil, err
	}
	return ctfe.SetUpInstance(context.Background(), ctfe.InstanceOptions{
		Validated:     validated,
		Deadline:      time.Second,
		MetricFactory: monitoring.InertMetricFactory{},
		RequestLog:    new(ctfe.DefaultRequestLog),
	})
}

// mount lets a configuration's paths lead to where the files are here.
func (s scratch) mount(log *configpb.LogConfig, from string) error {
	moved := func(path string) string { return strings.Replace(path, from, string(s), 1) }
	for index, path := range log.RootsPemFile {
		log.RootsPemFile[index] = moved(path)
	}
	if log.PrivateKey == nil {
		return nil
	}
	file := new(keyspb.PEMKeyFile)
	if err := log.PrivateKey.UnmarshalTo(file); err != nil {
		return err
	}
	file.Path = moved(file.Path)
	private, err := anypb.New(file)
	log.PrivateKey = private
	return err
}

// allRoots says where ct_server, which passes over what is no PEM for it, would take fewer roots than there are.
func (s scratch) allRoots(asked question, log *configpb.LogConfig) error {
	pool := x509util.NewPEMCertPool()
	for _, path := range log.RootsPemFile {
		if err := pool.AppendCertsFromPEMFile(path); err != nil {
			return err
		}
	}
	distinct := map[string]bool{}
	for _, content := range asked.Files {
		for _, part := range strings.Split(string(content), "-----BEGIN CERTIFICATE-----")[1:] {
			body, _, _ := strings.Cut(part, "-----END")
			distinct[strings.Join(strings.Fields(body), "")] = true
		}
	}
	begun := len(distinct)
	if found := len(pool.RawCertificates()); found != begun {
		return fmt.Errorf("ct_server finds %d roots where %d begin", found, begun)
	}
	if begun == 0 {
		return errors.New("no root begins")
	}
	return nil
}
