package dev.mooring.model;

import java.util.Comparator;
import java.util.Objects;

/**
 * Orders the writes to one attribute, on every node alike: by the record's version that the write made, then by node.
 * Two writes share a version only after a cluster had split.
 *
 * @param version the version of the record that holds the write first, from 1
 * @param node the writer's node id
 */
public record Stamp(long version, String node) implements Comparable<Stamp> {

    private static final Comparator<Stamp> ORDER =
            Comparator.comparingLong(Stamp::version).thenComparing(Stamp::node);

    /** Checks that the node is present. */
    public Stamp {
        Objects.requireNonNull(node, "node");
    }

    @Override
    public int compareTo(Stamp other) {
        return ORDER.compare(this, other);
    }
}
