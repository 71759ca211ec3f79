/** Pages about films: what an encoder saw in one, as a single HTML file that needs nothing else. */
package dev.kinema.report;
