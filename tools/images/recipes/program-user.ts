/** Uid and gid of every program in an image of ours; the pods of the stacks name the same number. */
export const PROGRAM_UID = 10_001;

/** Node.js, as npm's package ships it, for the programs of this repository. */
export const NODE_ENTRYPOINT = ["/usr/local/bin/node", "--enable-source-maps", "/app/main.mjs"];

/** What that binary needs of Debian; exactly which libraries, its ELF header tells. */
export const NODE_PACKAGES = ["libc6", "libgcc-s1", "libstdc++6"];
