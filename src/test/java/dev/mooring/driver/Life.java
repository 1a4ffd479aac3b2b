package dev.mooring.driver;

import dev.mooring.driver.Operation.Kind;
import dev.mooring.driver.Operation.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who makes sessions, works with them together with a guest, and ends them: by a call, or by leaving them
 * alone. Then nothing may be left of them anywhere. Used by one thread, and one for the guest.
 */
final class Life implements AutoCloseable {
    private static final int FIRST_NUMBER = 1_000;
    private static final int MAX_TRIES = 20;
    private static final int SECOND = 1_000_000_000;

    /** A session may count as used a tenth of its interval earlier than it was. */
    private static final long TENTH = SECOND / 10;

    private final int number;
    private final DriverCluster cluster;
    private final Plan plan;
    private final Caller owner;
    private final Caller guest;
    private final Random random;
    private int lives;

    /** Set when the guest is to go; the guest looks at it before each visit. */
    private volatile boolean over;

    Life(int number, int firstSession, DriverCluster cluster, Plan plan, History history) {
        this.number = firstSession + FIRST_NUMBER + number;
        this.cluster = cluster;
        this.plan = plan;
        this.owner = new Caller(FIRST_NUMBER + 2 * number, cluster, plan, history);
        this.guest = new Caller(FIRST_NUMBER + 2 * number + 1, cluster, plan, history);
        this.random = owner.random();
    }

    /** One session, from its first request to what is left of it. */
    void live(ExecutorService executor) throws Exception {
        SharedSession session = owner.opens(number + lives++ * plan.lives());
        if (session == null) {
            return;
        }
        var sockets = new ArrayList<SocketLine>();
        boolean byHttpOnly = plan.sockets() == 0;
        for (int i = 0; i < (byHttpOnly ? 0 : 2); i++) {
            SocketLine socket = owner.opensSocket(
                    session,
                    owner.anyNodeBut(sockets.isEmpty() ? -1 : sockets.get(0).node()));
            if (socket != null) {
                sockets.add(socket);
            }
        }
        over = false;
        Future<?> visits = executor.submit(() -> {
            visit(session, byHttpOnly);
            return null;
        });
        try {
            for (int i = random.nextInt(4); i >= 0; i--) {
                ask(Kind.WRITE, session, "mine", session.newValue(), sockets);
                ask(Kind.READ, session, "guest", "", sockets);
            }
            if (!byHttpOnly && random.nextInt(4) == 0 && !owner.renames(session)) {
                // Nobody knows its id, so nobody ends it.
                return;
            }
            if (random.nextInt(4) > 0 || byHttpOnly) {
                end(session, sockets);
            } else {
                over = true;
                visits.get();
                expire(session, sockets);
            }
        } finally {
            over = true;
            visits.get();
            sockets.forEach(SocketLine::drop);
        }
    }

    private Result ask(Kind kind, SharedSession session, String name, String value, List<SocketLine> sockets)
            throws InterruptedException {
        SocketLine socket =
                sockets.isEmpty() || random.nextBoolean() ? null : sockets.get(random.nextInt(sockets.size()));
        if (socket == null || cluster.isAway(socket.node())) {
            return owner.asks(kind, session, name, value, owner.anyNodeBut(-1));
        }
        Result result = owner.asks(kind, session, name, value, socket);
        if (socket.isDropped()) {
            sockets.remove(socket);
        }
        return result;
    }

    /** Ends the session while the guest is still there, and looks at what is left. */
    private void end(SharedSession session, List<SocketLine> sockets) throws InterruptedException {
        Result result = Result.UNKNOWN;
        for (int i = 0; i < MAX_TRIES && result != Result.OK && result != Result.GONE; i++) {
            if (i > 0) {
                cluster.awaitCalm();
            }
            // By HTTP only: of a message that ends its own session the answer is lost.
            result = owner.asks(Kind.END, session, "", "", owner.anyNodeBut(-1));
        }
        if (result == Result.OK || result == Result.GONE) {
            awaitCloses(session, sockets);
            for (int i = 0; i < 2; i++) {
                owner.asks(Kind.READ, session, "mine", "", owner.anyNodeBut(-1));
            }
        }
    }

    private void expire(SharedSession session, List<SocketLine> sockets) throws InterruptedException {
        long start = System.nanoTime();
        Result result = ask(Kind.LIMIT, session, "", "1", sockets);
        if (result == Result.UNKNOWN) {
            owner.leavesAlone(session, start + SECOND - TENTH, start + SECOND - TENTH, Result.UNKNOWN);
        }
        if (result != Result.OK) {
            return;
        }
        owner.leavesAlone(session, start + SECOND - TENTH, System.nanoTime() + SECOND, Result.OK);
        awaitCloses(session, sockets);
        if (!sockets.isEmpty()) {
            owner.asks(Kind.READ, session, "mine", "", owner.anyNodeBut(-1));
        }
    }

    private void awaitCloses(SharedSession session, List<SocketLine> sockets) {
        for (SocketLine socket : List.copyOf(sockets)) {
            String code = socket.awaitClose(
                    Checker.CLOSE_LIMIT.plus(cluster.longestFault()).plusSeconds(3));
            owner.closed(session, socket, code, System.nanoTime());
        }
    }

    /** The guest comes and goes until the session is over, and some time longer. */
    private void visit(SharedSession session, boolean byHttpOnly) throws InterruptedException {
        @Nullable SocketLine socket = byHttpOnly ? null : guest.opensSocket(session, guest.anyNodeBut(-1));
        try {
            Result result = Result.OK;
            while (!over && result != Result.GONE) {
                result = guest.asks(Kind.WRITE, session, "guest", session.newValue(), guest.anyNodeBut(-1));
                if (socket != null && !socket.isDropped() && !cluster.isAway(socket.node())) {
                    guest.asks(Kind.READ, session, "mine", "", socket);
                }
            }
        } finally {
            if (socket != null) {
                socket.drop();
            }
        }
    }

    @Override
    public void close() {
        owner.close();
        guest.close();
    }
}
