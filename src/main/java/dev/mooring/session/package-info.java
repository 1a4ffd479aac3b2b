/**
 * Jetty's session SPI on top of the grid, and the live session that applications hold. The only package that implements
 * {@code org.eclipse.jetty.session}.
 */
@NullMarked
package dev.mooring.session;

import org.jspecify.annotations.NullMarked;
