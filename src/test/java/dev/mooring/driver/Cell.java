package dev.mooring.driver;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One attribute of one shared session. One writer gives it values that grow, so a reader knows from the value alone whether it is old.
 * Written by its writer only; read by any thread.
 */
final class Cell {
    private final String name;

    /** The value that was sent last. */
    private volatile long issued;

    /** The value of the last write whose answer has come; 0 for none. */
    private volatile long finished;

    /** Values of which nobody knows whether, and when, they arrive. */
    private final Set<Long> unknown = ConcurrentHashMap.newKeySet();

    Cell(String name) {
        this.name = name;
    }

    /** The attribute's name. */
    String name() {
        return name;
    }

    /** The next value to write. */
    long issue() {
        long next = issued + 1;
        issued = next;
        return next;
    }

    /** The value that a read which starts now must see, or a later one. */
    long finished() {
        return finished;
    }

    /** The answer to the write of this value has come. */
    void finish(long value) {
        finished = value;
    }

    /** No answer to the write of this value will come; it may arrive at any time, or never. */
    void doubt(long value) {
        unknown.add(value);
    }

    /** Whether a read that started when {@code floor} was finished may have seen this. */
    boolean admits(String seen, long floor) {
        if (!seen.matches("[0-9]{1,18}")) {
            return floor == 0 && seen.equals("null");
        }
        long value = Long.parseLong(seen);
        return value > 0 && value >= floor && value <= issued || unknown.contains(value);
    }
}
