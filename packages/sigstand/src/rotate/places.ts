import { tufRepository } from '@sigstand/contracts/records';
import type { Named, Ref } from '@sigstand/store/store';
import { type Naming, namespaceOf } from '../names.ts';
import type { Ground } from './ground.ts';
import { settingIn, settingsOf } from './settings.ts';

/** What createtuf works on in a stack, by the settings that it has there. */
export interface TufPlaces {
  readonly cronJob: Named;
  readonly repository: Ref;
  /** The value of a flag of createtuf, or the standard one. */
  readonly setting: (flag: string, standard: string) => string;
}

/** @throws {JobError} Where createtuf is not there, or takes a setting from where only its Pod can read it. */
export async function createtufPlaces(ground: Ground, naming: Naming): Promise<TufPlaces> {
  const namespace = namespaceOf(naming, 'tuf');
  const cronJob = { kind: 'CronJob', namespace, name: 'createtuf' } as const;
  const job = await ground.job(cronJob);
  const settings = await settingsOf(ground.store, 'CronJob createtuf', { job, namespace });
  const setting: TufPlaces['setting'] = (flag, standard) =>
    settingIn(settings, 'createtuf', flag) ?? standard;
  const name = setting('configmap', tufRepository.name);
  return { cronJob, setting, repository: { kind: 'ConfigMap', namespace, name } };
}
