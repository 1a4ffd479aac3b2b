package dev.mooring.grid;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * What one observer has seen of the rows of all nodes, look by look. Not thread-safe.
 *
 * <p>How long a row has not changed is counted from look to look, by the observer's own clock, and a long time between
 * two looks counts for little: while the cluster hung, so that nobody could look, nobody could renew a row either.
 */
final class Sightings {

    private static final long LONGEST_STEP = 2 * NodeLease.TERM.toNanos();

    private record Sighting(NodeRow row, long silence) {}

    /**
     * What is new.
     *
     * @param joined nodes that were not there the last time
     * @param left nodes that were
     * @param returned nodes that have taken a new epoch, also where they were away so long that they were not there the
     *     last time
     * @param dead rows that have not changed for {@link Peers#DEATH}
     */
    record Look(Set<String> joined, Set<String> left, Set<String> returned, Map<String, NodeRow> dead) {}

    private final Map<String, Sighting> sightings = new HashMap<>();
    private long looked;

    /**
     * Looks at the rows as they are now.
     *
     * @param rows the row of each node
     * @param nanoTime {@link System#nanoTime()} before they were read
     */
    Look look(Map<String, NodeRow> rows, long nanoTime) {
        long step = Math.min(nanoTime - looked, LONGEST_STEP);
        looked = nanoTime;
        Look look = new Look(new HashSet<>(), new HashSet<>(sightings.keySet()), new HashSet<>(), new HashMap<>());
        look.left.removeAll(rows.keySet());
        sightings.keySet().removeAll(look.left);
        rows.forEach((node, row) -> {
            Sighting last = sightings.get(node);
            long silence = last != null && last.row.equals(row) ? last.silence + step : 0;
            sightings.put(node, new Sighting(row, silence));
            long epoch = last == null ? NodeRow.FIRST_EPOCH : last.row.epoch();
            if (last == null) {
                look.joined.add(node);
            }
            if (epoch != row.epoch()) {
                look.returned.add(node);
            } else if (TimeUnit.NANOSECONDS.toMillis(silence) > Peers.DEATH.toMillis()) {
                look.dead.put(node, row);
            }
        });
        return look;
    }
}
