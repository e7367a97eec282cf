import { fingerprint, parsePublicKey, publicKeyOf, refuseNewCtKey } from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/open';
import { pem, utf8 } from '@sigstand/pki/pem';
import type { Data } from '@sigstand/store/store';
import fc from 'fast-check';
import { describe } from 'vitest';
import { fitToCopy } from '../../packages/copysecrets/src/copies.ts';
import { storedChain } from '../../packages/createcertchain/src/tsa-chain.ts';
import { publicPart } from '../../packages/createcerts/src/authority.ts';
import { newConfig, readConfig } from '../../packages/createctconfig/src/ct-config.ts';
import { holdsLog, lackingInLog, newLog } from '../../packages/createctconfig/src/ctlog-secret.ts';
import { rootsOf } from '../../packages/createctconfig/src/fulcio-root.ts';
import { publicKeyData } from '../../packages/createsecret/src/signing-key.ts';
import { readMaterial } from '../../packages/createtuf/src/material.ts';
import { trustedRoot, trustedRootJson } from '../../packages/createtuf/src/trusted-root.ts';
import { mount } from '../programs/readers.ts';
import { addresses } from './addresses.ts';
import { changedDer, changes } from './mutations.ts';
import { agrees, tellAgreement } from './readers/agreement.ts';
import { type Box, boxed, boxes, ctBoxes } from './readers/boxes.ts';
import { now } from './readers/certificates.ts';
import { anyForm, anyKey, baked, mostly, type Recipe, rarely, recipes } from './readers/chains.ts';
import { configurations } from './readers/configurations.ts';
import { inForm, key, publicDer } from './readers/keys.ts';
import { word } from './readers/sealing.ts';

/*
 * Whatever a Job takes, the program that reads it takes: each property asks the Job's own functions, and
 * then the reader of the server or client (test/rig/readers).
 */

tellAgreement();
const password = utf8(word);
const nameOf = (publicKey: Uint8Array | undefined) =>
  fingerprint(parsePublicKey(publicKey ?? new Uint8Array()));

const fulcioFiles = ([recipe, box]: readonly [Recipe, Box]) => {
  const { text, key } = baked(recipe);
  return { cert: text, private: boxed(key, box), password };
};
const tsaFiles = ([recipe, box]: readonly [Recipe, Box]) => {
  const { text, key } = baked(recipe);
  return {
    'cert-chain': text,
    'signing-secret': boxed(key, box),
    'signing-secret-password': password,
  };
};
const takenCa = (files: Data) => publicPart('Secret a/b', files, { isPublished: false, now });

describe('what a Job keeps, its server starts with:', () => {
  agrees('createcerts, Fulcio', {
    reader: 'fulcio',
    few: 60,
    many: 12_000,
    least: 0.1,
    generator: fc.tuple(recipes('fulcio'), boxes),
    offered: fulcioFiles,
    take: (value) => {
      const files = fulcioFiles(value);
      return { files, key: nameOf(takenCa(files).public) };
    },
  });

  agrees('createcertchain, the timestamp server', {
    reader: 'timestamp-server',
    few: 60,
    many: 12_000,
    least: 0.1,
    generator: fc.tuple(recipes('tsa'), boxes),
    offered: tsaFiles,
    take: (value) => {
      const files = tsaFiles(value);
      const [leaf] = storedChain('Secret a/b', files, now);
      return { files, ...(leaf && { key: fingerprint(leaf.publicKey) }) };
    },
  });

  const rekorFiles = ([name, box]: readonly [string, Box]) => ({
    'signing-secret': boxed(key(name), box),
    'signing-secret-password': password,
  });
  agrees('createsecret, Rekor', {
    reader: 'rekor',
    few: 60,
    many: 8_000,
    least: 0.3,
    generator: fc.tuple(anyKey, boxes),
    offered: rekorFiles,
    take: (value) => {
      const files = rekorFiles(value);
      return { files, key: nameOf(publicKeyData('Secret a/b', files).public) };
    },
  });
});

const log = { treeId: '6650004838055700742', prefix: 'log', backend: 'log:80', mountPath: mount };
const wantedFrom = (recipe: Recipe) => ({
  log,
  roots: { place: 'Secret c/d key cert', certificates: rootsOf(baked(recipe).text) },
  now,
});

describe('what createctconfig leaves, ct_server starts with:', () => {
  const files = ([name, box, recipe, config]: readonly [string, Box, Recipe, Configuration]) => ({
    private: boxed(key(name), box),
    rootca: baked(recipe).text,
    config: config(newConfig(log, { publicKey: publicKeyOf(key(name)), password: word })),
  });
  agrees('a log that is stored', {
    reader: 'ct_server',
    few: 60,
    many: 8_000,
    least: 0.03,
    generator: fc.tuple(anyKey, ctBoxes, recipes('fulcio'), configurations),
    offered: files,
    take: (value) => {
      const stored = files(value);
      if (!holdsLog('Secret a/b', stored)) throw new TypeError('a part is missing');
      const change = lackingInLog('Secret a/b', stored, wantedFrom(value[2]));
      const left: Data = { ...stored, ...change?.data };
      return { files: left, key: nameOf(left.public) };
    },
  });

  agrees('a new log, from a key and roots that somebody gave', {
    reader: 'ct_server',
    few: 40,
    many: 4_000,
    least: 0.03,
    generator: fc.tuple(
      mostly(['P-256', 'RSA 2048'], ['P-384', 'Ed25519']),
      boxes,
      recipes('fulcio'),
    ),
    take: ([name, box, recipe]) => {
      const privateKey = openPrivateKey(boxed(key(name), box), password);
      refuseNewCtKey(publicKeyOf(privateKey));
      const there = { rootca: baked(recipe).text };
      const made = newLog('Secret a/b', there, wantedFrom(recipe), { privateKey, password: word });
      const left: Data = { ...there, ...made.data };
      return { files: left, key: nameOf(left.public) };
    },
  });
});

type Configuration = (config: Uint8Array) => Uint8Array;

describe('what is published, clients read:', () => {
  const shapes = fc.record({
    name: anyKey,
    shape: mostly(
      [[]],
      [
        ['-conv_form', 'compressed'],
        ['-param_enc', 'explicit'],
      ],
    ),
    mutation: rarely(changes, 2),
    form: anyForm,
  });
  const publicText = ({ name, shape, mutation, form }: Shape) => {
    const own = key(name);
    const isEc = own.asymmetricKeyType === 'ec' && shape.length > 0;
    const der = isEc ? inForm(own, 'ec', '-pubout', '-outform', 'DER', ...shape) : publicDer(own);
    const text = pem('PUBLIC KEY', mutation ? changedDer(der, mutation) : der);
    return { public: new Uint8Array(Buffer.from(form(Buffer.from(text).toString()), 'latin1')) };
  };
  type Shape = typeof shapes extends fc.Arbitrary<infer T> ? T : never;
  agrees('a log’s key, by cosign', {
    reader: 'public-key',
    few: 60,
    many: 8_000,
    least: 0.3,
    generator: shapes,
    offered: publicText,
    take: (value) => {
      const files = fitToCopy('Secret a/b', publicText(value), 'rekor');
      return { files, key: nameOf(files.public) };
    },
  });

  agrees('a chain that is copied, by sigstore’s reader', {
    reader: 'certificates',
    few: 40,
    many: 4_000,
    least: 0.1,
    generator: recipes('tsa'),
    offered: (recipe) => ({ chain: baked(recipe).text }),
    take: (recipe) => {
      const copied = fitToCopy('Secret a/b', { 'cert-chain': baked(recipe).text }, 'tsa');
      return { files: { chain: copied['cert-chain'] ?? new Uint8Array() } };
    },
  });

  const stack = fc.record({
    fulcio: fc.tuple(recipes('fulcio'), boxes),
    tsa: fc.tuple(recipes('tsa'), boxes),
    ctlog: mostly(['P-256', 'another P-256', 'RSA 2048'], ['P-384', 'Ed25519']),
    rekor: anyKey,
  });
  type Stack = typeof stack extends fc.Arbitrary<infer T> ? T : never;
  const published = ({ fulcio, tsa, ctlog, rekor }: Stack) => {
    const source = (data: Data) => ({ place: 'Secret a/b', data });
    const material = readMaterial({
      fulcio: source({ cert: fulcioFiles(fulcio).cert }),
      tsa: source({ 'cert-chain': tsaFiles(tsa)['cert-chain'] }),
      ctlog: source({ public: pem('PUBLIC KEY', publicDer(key(ctlog))) }),
      rekor: source({ public: pem('PUBLIC KEY', publicDer(key(rekor))) }),
    });
    return trustedRootJson(trustedRoot(material, addresses));
  };
  agrees('trusted_root.json, by sigstore-go', {
    reader: 'trusted-root',
    few: 40,
    many: 4_000,
    least: 0.02,
    generator: stack,
    take: (value) => ({ files: { 'trusted_root.json': published(value) } }),
  });

  agrees('and they verify what such a stack signs', {
    reader: 'client',
    few: 60,
    many: 8_000,
    least: 0.01,
    generator: stack,
    take: (value) => {
      const [ca, tsa] = [fulcioFiles(value.fulcio), tsaFiles(value.tsa)];
      takenCa(ca);
      storedChain('Secret a/b', tsa, now);
      const privateKey = key(value.ctlog);
      refuseNewCtKey(publicKeyOf(privateKey));
      const wanted = wantedFrom(value.fulcio[0]);
      const made = newLog('Secret a/b', undefined, wanted, { privateKey, password: word });
      const { private: ctlog, config } = made.data as Record<string, Uint8Array>;
      const files = {
        ...ca,
        ...tsa,
        ctlog: ctlog!,
        'ctlog-password': readConfig(config!).password,
        'ctfe.pub': fitToCopy('Secret a/b', { public: made.data!.public! }, 'ctlog').public!,
        'trusted_root.json': published(value),
      };
      return { files };
    },
  });
});
