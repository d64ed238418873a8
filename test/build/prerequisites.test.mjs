import { describe, expect, it } from 'vitest';
import { prerequisites, requirePrerequisites, testPrerequisites } from '../../scripts/build/prerequisites.mjs';

/** A machine on which exactly these programs exist; the value is what they print. */
const machine = (programs) => (command) => programs[command] ?? null;

const complete = {
  'g++': 'g++ (Debian 12.2.0-14) 12.2.0',
  make: 'GNU Make 4.3',
  cmake: 'cmake version 3.25.1\n\nCMake suite maintained and supported by Kitware',
  cargo: 'cargo 1.95.0 (f2d3ce0bd 2026-03-21)',
  python3: 'pip 23.2.1 from site-packages/pip (python 3.11)',
};
const linux = prerequisites({ env: {}, platform: 'linux', rust: '1.85' });

describe('prerequisites', () => {
  it('reports the commands found', () => {
    expect(requirePrerequisites(linux, machine(complete))).toEqual({
      compiler: 'g++',
      generator: 'make',
      cmake: 'cmake',
      rust: 'cargo',
      python: 'python3',
    });
  });

  it('names everything that is missing at once, with a way to get it on every system', () => {
    let message = '';
    try {
      requirePrerequisites(linux, machine({}));
    } catch (error) {
      message = error.message;
    }
    for (const name of ['C++ compiler', 'Ninja or Make', 'CMake 3.22', 'Rust with Cargo 1.85', 'Python 3 with pip']) {
      expect(message).toContain(name);
    }
    for (const system of ['Debian:', 'Fedora:', 'macOS:', 'Windows:']) {
      expect(message.split(system)).toHaveLength(6); // once for each of the five
    }
    expect(message).toContain('sudo apt install g++');
  });

  it.each([
    ['CMake one minor too old', { cmake: 'cmake version 3.21.9' }, 'cmake has version 3.21.9'],
    ['CMake older by number, newer by letter', { cmake: 'cmake version 3.9.1' }, 'cmake has version 3.9.1'],
    ['Rust too old', { cargo: 'cargo 1.84.1 (66221abde 2024-11-19)' }, 'cargo has version 1.84.1'],
  ])('refuses %s', (_, older, problem) => {
    expect(() => requirePrerequisites(linux, machine({ ...complete, ...older }))).toThrow(problem);
  });

  it.each(['cmake version 3.22', 'cmake version 3.22.0', 'cmake version 3.100.2', 'cmake version 4.0.0-rc1'])(
    'accepts %s',
    (cmake) => {
      expect(() => requirePrerequisites(linux, machine({ ...complete, cmake }))).not.toThrow();
    },
  );

  it('names what the tests need at once with what the build needs', () => {
    const list = [...linux, ...testPrerequisites({ env: {}, platform: 'linux' })];
    const onlyBuild = (command, args) =>
      (args[0] === '--version' || args[0] === '-m' ? complete[command] : null) ?? null;
    expect(() => requirePrerequisites(list, onlyBuild)).toThrow(/rustfmt.*clippy.*GoogleTest.*libgtest-dev.*readelf/s);
  });

  it('finds all that the tests need on this machine', () => {
    expect(() => requirePrerequisites(testPrerequisites())).not.toThrow();
  });

  it('takes the compiler named by CXX first', () => {
    const list = prerequisites({ env: { CXX: 'g++-14' }, platform: 'linux', rust: '1.85' });
    expect(requirePrerequisites(list, machine({ ...complete, 'g++-14': '14.2.0' })).compiler).toBe('g++-14');
  });

  it('needs the Rust version that the crate declares', () => {
    const { minimum } = prerequisites({ env: {} }).find(({ key }) => key === 'rust');
    expect(minimum).toMatch(/^1\.\d+/);
  });
});
