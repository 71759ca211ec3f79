package org.bytedeco.opencl.presets;

/**
 * Stands in for the OpenCL preset, which JavaCPP's oneDNN preset names as its parent and its CPU engine does not need: without it every
 * machine would have to fetch and load an OpenCL runtime. Holds nothing.
 */
public class OpenCL {}
