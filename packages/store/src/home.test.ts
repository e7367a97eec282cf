import { describe, expect, it } from 'vitest';
import { homeKubeconfig } from './home.ts';

describe('the kubeconfig of a home', () => {
  it('is where kubectl looks for it', () => {
    expect(homeKubeconfig(() => '/home/somebody')).toBe('/home/somebody/.kube/config');
  });

  it('is none where the machine does not know the user, and HOME is not set', () => {
    const unknown = () => {
      throw Object.assign(new Error('uv_os_homedir returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' });
    };
    expect(homeKubeconfig(unknown)).toBeUndefined();
  });
});
