/**
 * Real Jetty nodes for the demo and the tests: a {@link dev.mooring.nodes.JettyBase} is laid out on disk from
 * jetty-home and the zip, a {@link dev.mooring.nodes.JettyNode} is one {@code java -jar start.jar} process on it.
 * Nothing here is part of the module, and nothing here knows its classes: what is started is what a user would install.
 */
@NullMarked
package dev.mooring.nodes;

import org.jspecify.annotations.NullMarked;
