package live;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Gates by name that keep slow requests waiting until a test opens them. Thread-safe. */
final class Gates {
    /** Longest wait at a gate: a test that failed before it opened its gate leaves no request behind. */
    private static final long LIMIT_SECONDS = 30;

    private static final Map<String, Gate> GATES = new ConcurrentHashMap<>();

    private Gates() {}

    /** Waits until the gate is open; throws if nobody opens it in time. */
    static void pass(String name) {
        Gate gate = gate(name);
        gate.reached.countDown();
        await(gate.opened, name);
    }

    /** Opens the gate for good, once somebody stands before it. */
    static void open(String name) {
        Gate gate = gate(name);
        await(gate.reached, name);
        gate.opened.countDown();
    }

    /** Waits until somebody stands before the gate. */
    static void reached(String name) {
        await(gate(name).reached, name);
    }

    private static Gate gate(String name) {
        return GATES.computeIfAbsent(name, n -> new Gate(new CountDownLatch(1), new CountDownLatch(1)));
    }

    private static void await(CountDownLatch latch, String name) {
        try {
            if (!latch.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                throw new UnsupportedOperationException("gate " + name + ": nobody came in " + LIMIT_SECONDS + " s");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new UnsupportedOperationException("gate " + name + ": interrupted", interrupted);
        }
    }

    private record Gate(CountDownLatch reached, CountDownLatch opened) {}
}
