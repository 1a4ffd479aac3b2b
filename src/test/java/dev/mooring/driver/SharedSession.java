package dev.mooring.driver;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** A session that all workers use: its cookie, which changes, and one {@link Cell} for each writer. Thread-safe. */
final class SharedSession {
    private final int number;
    private final List<Cell> cells;

    /** The newest one last. */
    @GuardedBy("this")
    private final List<String> cookies = new ArrayList<>();

    SharedSession(int number, String cookie, int writers) {
        this.number = number;
        this.cells =
                IntStream.range(0, writers).mapToObj(w -> new Cell("w" + w)).toList();
        this.cookies.add(cookie);
    }

    /** The cells, by number of their writer. */
    List<Cell> cells() {
        return cells;
    }

    /** The cookie that opens the session now, name and value. */
    synchronized String cookie() {
        return cookies.get(cookies.size() - 1);
    }

    /** The cookies that opened it before, and open nothing now. */
    synchronized List<String> formerCookies() {
        return List.copyOf(cookies.subList(0, cookies.size() - 1));
    }

    /** The session has a new id. */
    synchronized void moved(String newCookie) {
        cookies.add(newCookie);
        notifyAll();
    }

    /** Waits until another cookie opens the session than this one; false if none does in time. */
    synchronized boolean awaitMoveFrom(String cookie, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (cookie().equals(cookie)) {
            long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (leftMillis <= 0) {
                return false;
            }
            wait(leftMillis);
        }
        return true;
    }

    /** Its number; the id is a secret even here, for logs end in reports. */
    @Override
    public String toString() {
        return "session " + number;
    }
}
