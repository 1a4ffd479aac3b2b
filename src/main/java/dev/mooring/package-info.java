/**
 * Start reading here: {@link dev.mooring.MooringModule} is what {@code etc/mooring/*.xml} builds and what owns
 * everything else of a node.
 *
 * <p>The packages depend one way, {@code websocket > session > grid > model}; this one may use all of them:
 *
 * <ul>
 *   <li>{@link dev.mooring.model}: what travels between nodes, and the one pure merge;
 *   <li>{@link dev.mooring.grid}: this node's place in the Hazelcast cluster;
 *   <li>{@link dev.mooring.session}: Jetty's session SPI on top of the grid, and the live session;
 *   <li>{@link dev.mooring.websocket}: open WebSockets, tied to the sessions they were opened with.
 * </ul>
 */
@NullMarked
package dev.mooring;

import org.jspecify.annotations.NullMarked;
