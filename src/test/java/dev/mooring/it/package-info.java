/**
 * Integration tests between nodes: real Jetty processes with the zip installed, web applications that know nothing of it, and a
 * client that speaks plain HTTP and WebSocket. Nothing here calls the module's classes.
 */
@NullMarked
package dev.mooring.it;

import org.jspecify.annotations.NullMarked;
