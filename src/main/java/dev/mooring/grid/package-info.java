/**
 * This node's place in the Hazelcast cluster: the instance, the map of sessions, the notices between nodes. The only
 * package that imports {@code com.hazelcast}; it knows nothing of Jetty.
 */
@NullMarked
package dev.mooring.grid;

import org.jspecify.annotations.NullMarked;
