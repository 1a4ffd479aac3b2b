/**
 * What travels between nodes and is stored in the grid: immutable values and the one pure merge that decides what a write
 * does to a record. Imports {@code java.*} only, so it can be read, tested and versioned by itself.
 *
 * <p>Everything here is immutable and thread-safe, and nothing blocks.
 */
@NullMarked
package dev.mooring.model;

import org.jspecify.annotations.NullMarked;
