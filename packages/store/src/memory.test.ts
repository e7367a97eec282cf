import { memoryStore } from './memory.ts';
import { behavesLikeAStore } from './store.suite.ts';

const store = memoryStore();
behavesLikeAStore('memory', { open: () => store, namespace: 'tests' });
