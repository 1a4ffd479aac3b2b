package dev.mooring.driver;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A session that several workers use: its number, and its cookie, which changes. Thread-safe. */
final class SharedSession {
    private final int number;
    private final AtomicLong values = new AtomicLong();

    /** The newest one last. */
    @GuardedBy("this")
    private final List<String> cookies = new ArrayList<>();

    /** Somebody changes the id, or nobody knows whether it has changed. */
    @GuardedBy("this")
    private boolean moving;

    SharedSession(int number, String cookie) {
        this.number = number;
        this.cookies.add(cookie);
    }

    int number() {
        return number;
    }

    /** A value that nobody has written to this session. */
    String newValue() {
        return String.valueOf(values.incrementAndGet());
    }

    /** The cookie that opens the session now, name and value. */
    synchronized String cookie() {
        return cookies.get(cookies.size() - 1);
    }

    /** The cookies that opened it before, and open nothing now. */
    synchronized List<String> formerCookies() {
        return List.copyOf(cookies.subList(0, cookies.size() - 1));
    }

    /** The id is about to change. */
    synchronized void moves() {
        moving = true;
    }

    /** The id is this one from now on. */
    synchronized void moved(String cookie) {
        if (!cookie.equals(cookie())) {
            cookies.add(cookie);
        }
        moving = false;
        notifyAll();
    }

    /**
     * Waits while the id changes, and tells whether another cookie opens the session now than this one; null if nobody
     * knows.
     */
    synchronized Move awaitMoveFrom(String cookie, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (cookie().equals(cookie) && moving) {
            long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (leftMillis <= 0) {
                return Move.UNKNOWN;
            }
            wait(leftMillis);
        }
        return cookie().equals(cookie) ? Move.NONE : Move.DONE;
    }

    /** What is known of a cookie that opened nothing. */
    enum Move {
        /** It should have opened the session. */
        NONE,
        /** Another one does. */
        DONE,
        /** Nobody knows which one does. */
        UNKNOWN
    }

    /** Its number; the id is a secret even here, for logs end in reports. */
    @Override
    public String toString() {
        return "session " + number;
    }
}
