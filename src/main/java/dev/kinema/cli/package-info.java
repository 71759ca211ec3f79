/**
 * The command line. The only package that prints or exits: what goes wrong elsewhere is thrown, and becomes one line and an exit code in
 * {@link dev.kinema.cli.Main}.
 */
package dev.kinema.cli;
