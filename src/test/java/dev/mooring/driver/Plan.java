package dev.mooring.driver;

import java.time.Duration;

/**
 * How much a run does.
 *
 * @param seed where its random numbers start; each worker's choices follow from it, the order between workers does not
 * @param writers how many write, each its own attribute of every session
 * @param readers how many only read, all the time
 * @param sessions how many sessions they share
 * @param writes how many writes all writers do together
 * @param checks how many of 100 writes are followed at once by a read of the same attribute on another node
 * @param sockets how many of 100 writes and reads go by WebSocket
 * @param idChanges the pause between two changes of an id
 */
record Plan(
        long seed, int writers, int readers, int sessions, int writes, int checks, int sockets, Duration idChanges) {

    /** The run that the project promises to pass, with so many writes: half are checked, and more are read. */
    static Plan of(int writes) {
        return new Plan(newSeed(), 8, 2, 20, writes, 55, 50, Duration.ofMillis(300));
    }

    /** The seed of the system property {@code mooring.driver.seed}, to run a plan again; a new one by default. */
    static long newSeed() {
        return Long.getLong("mooring.driver.seed", System.nanoTime() & 0xffffff);
    }

    /** The same with another share of WebSockets. */
    Plan withSockets(int percent) {
        return new Plan(seed, writers, readers, sessions, writes, checks, percent, idChanges);
    }

    /** The same with another pause between changes of an id. */
    Plan withIdChanges(Duration pause) {
        return new Plan(seed, writers, readers, sessions, writes, checks, sockets, pause);
    }

    /** The same with another number of sessions. */
    Plan withSessions(int number) {
        return new Plan(seed, writers, readers, number, writes, checks, sockets, idChanges);
    }
}
