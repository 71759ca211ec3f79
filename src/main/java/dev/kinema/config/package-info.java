/**
 * Settings of a run: YAML files read into records, with nothing unknown, missing or mistyped let through.
 */
package dev.kinema.config;
