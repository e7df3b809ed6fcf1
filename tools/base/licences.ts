/** How files with licence texts are called, and how several texts stand in one file. */

export const LICENCE_FILE = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

export const LICENCE_RULE = `\n${"-".repeat(72)}\n\n`;
