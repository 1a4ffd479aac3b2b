package dev.mooring.websocket;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Those upgrades of one web application that are not over yet: neither refused nor through their {@code onOpen}. While
 * it stops none begins any more, and those that have begun are waited for, so that few meet a web application that is
 * half stopped; who has begun before can be known.
 *
 * <p>Thread-safe; only {@link #close} blocks.
 */
final class UpgradesUnderWay {

    /** Guards {@link #count} and {@link #open}. */
    private final ReentrantLock lock = new ReentrantLock();

    /** Signalled when {@link #count} is zero again. */
    private final Condition over = lock.newCondition();

    @GuardedBy("lock")
    private int count;

    @GuardedBy("lock")
    private boolean open = true;

    /** How often {@link #close} was called. */
    private final AtomicInteger closes = new AtomicInteger();

    /** Has upgrades begin, as they do at first. */
    void open() {
        lock.lock();
        try {
            open = true;
        } finally {
            lock.unlock();
        }
    }

    /** Has none begin any more, and waits for those that have begun, for so long at most. */
    void close(Duration limit) {
        lock.lock();
        try {
            open = false;
            closes.incrementAndGet();
            long left = limit.toNanos();
            while (count > 0 && left > 0) {
                left = over.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /** Tells from now on whether the web application has begun to stop since, though it may have started again. */
    BooleanSupplier closing() {
        int now = closes.get();
        return () -> closes.get() != now;
    }

    /** Counts one more, for which {@link #end} must be called; false where none may begin. */
    boolean begin() {
        lock.lock();
        try {
            if (open) {
                count++;
            }
            return open;
        } finally {
            lock.unlock();
        }
    }

    /** Counts one less. */
    void end() {
        lock.lock();
        try {
            count--;
            if (count == 0) {
                over.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }
}
