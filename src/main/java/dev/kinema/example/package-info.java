/** Kinema inside another program: an HTTP service on the JDK's own server. To be read, run, and taken as a start. */
package dev.kinema.example;
