package dev.mooring.driver;

import dev.mooring.driver.Window.Fault;
import java.time.Duration;
import java.util.List;

/**
 * How much a run does.
 *
 * @param seed where its random numbers start; each worker's choices follow from it, the order between workers does not
 * @param writers how many write; each attribute of every session has two of them
 * @param readers how many only read, all the time
 * @param lives how many make sessions of their own, and end them
 * @param sessions how many sessions the writers and readers share
 * @param writes how many writes all writers do together
 * @param checks how many of 100 writes are followed at once by a read of the same attribute on another node
 * @param sockets how many of 100 writes and reads go by WebSocket
 * @param idChanges the pause between two changes of an id
 * @param faults what is broken meanwhile, in this order; the writers go on until all of it is over
 */
record Plan(
        long seed,
        int writers,
        int readers,
        int lives,
        int sessions,
        int writes,
        int checks,
        int sockets,
        Duration idChanges,
        List<Fault> faults) {

    /** The run that the project promises to pass, with so many writes: half are checked, and more are read. */
    static Plan of(int writes) {
        return new Plan(newSeed(), 8, 2, 2, 20, writes, 55, 50, Duration.ofMillis(300), List.of());
    }

    /** The seed of the system property {@code mooring.driver.seed}, to run a plan again; a new one by default. */
    static long newSeed() {
        return Long.getLong("mooring.driver.seed", System.nanoTime() & 0xffffff);
    }

    /** The same by HTTP only, and without changes of ids. */
    Plan withoutSocketsAndIdChanges() {
        return new Plan(seed, writers, readers, lives, sessions, writes, checks, 0, Duration.ofDays(1), faults);
    }

    /** The same with another pause between changes of an id. */
    Plan withIdChanges(Duration pause) {
        return new Plan(seed, writers, readers, lives, sessions, writes, checks, sockets, pause, faults);
    }

    /** The same with another number of sessions. */
    Plan withSessions(int number) {
        return new Plan(seed, writers, readers, lives, number, writes, checks, sockets, idChanges, faults);
    }

    /** The same, and this is broken meanwhile. */
    Plan withFaults(List<Fault> planned) {
        return new Plan(
                seed, writers, readers, lives, sessions, writes, checks, sockets, idChanges, List.copyOf(planned));
    }
}
