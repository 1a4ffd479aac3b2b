package dev.mooring.driver;

import java.util.Collection;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** All operations of a run, as they end. Thread-safe. */
final class History {
    private final Queue<Operation> operations = new ConcurrentLinkedQueue<>();

    void add(Operation operation) {
        operations.add(operation);
    }

    /** What has ended so far; seen while others add, it may miss their newest. */
    Collection<Operation> operations() {
        return operations;
    }
}
