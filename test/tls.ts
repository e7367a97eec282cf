// Loaded whole before any test: createtuf's run in a test can leave it half loaded in a process that loads it only then.
import 'node:tls';
