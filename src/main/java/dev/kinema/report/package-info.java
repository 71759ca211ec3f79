/** Pages about films and trainings: what an encoder saw, and how it learned; each a single HTML file that needs nothing else. */
package dev.kinema.report;
