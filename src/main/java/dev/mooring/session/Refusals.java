package dev.mooring.session;

import dev.mooring.grid.StoreUnavailableException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says in the log that requests of one web application are answered with 503. While the store is out of reach that is
 * every one of them, so a line is written for the first in {@link #PERIOD}, and the next line counts the others.
 * Thread-safe.
 */
final class Refusals {

    private static final Duration PERIOD = Duration.ofSeconds(10);
    private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);

    private final LongAdder unsaid = new LongAdder();

    /** {@link System#nanoTime()} of the last line. */
    private final AtomicLong said = new AtomicLong(System.nanoTime() - PERIOD.toNanos());

    /** A request is answered with 503 because of this failure. */
    void add(StoreUnavailableException failure) {
        long now = System.nanoTime();
        long last = said.get();
        if (now - last >= PERIOD.toNanos() && said.compareAndSet(last, now)) {
            LOG.warn(
                    "A request is answered with 503, and {} before it since the last such line",
                    unsaid.sumThenReset(),
                    failure);
        } else {
            unsaid.increment();
            LOG.debug("A request is answered with 503", failure);
        }
    }
}
