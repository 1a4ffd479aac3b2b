/**
 * What travels between nodes and is stored in the grid: immutable values and the one pure merge that decides what a
 * write does to a record. Imports {@code java.*} only, so it can be read, tested and versioned by itself.
 *
 * <p>Everything here is immutable and thread-safe, and nothing blocks.
 *
 * <p>In which order to read: {@link dev.mooring.model.SessionRecord}, what the cluster keeps of a session;
 * {@link dev.mooring.model.Change}, each way to change it, with the {@link dev.mooring.model.Outcome} that it has;
 * {@link dev.mooring.model.Notice}, what nodes tell each other of it; {@link dev.mooring.model.Codec}, how all of that
 * is written as bytes.
 */
@NullMarked
package dev.mooring.model;

import org.jspecify.annotations.NullMarked;
