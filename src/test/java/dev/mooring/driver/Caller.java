package dev.mooring.driver;

import dev.mooring.driver.Operation.Kind;
import dev.mooring.driver.Operation.Result;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who talks to the nodes, one thing after the other, by HTTP and by sockets, and records what was asked and
 * answered. Used by one thread.
 */
final class Caller implements AutoCloseable {
    private static final Duration MOVE_LIMIT = Duration.ofSeconds(20);
    private static final String NO_SESSION = "none";
    private static final String ENDED = "!java.lang.IllegalStateException";

    /** What a session says on a node that stops: it has not ended. */
    private static final String STOPPING = "which stops";

    private final int number;
    private final DriverCluster cluster;
    private final History history;
    private final Random random;
    private final List<HttpLine> lines = new ArrayList<>();

    Caller(int number, DriverCluster cluster, Plan plan, History history) {
        this.number = number;
        this.cluster = cluster;
        this.history = history;
        this.random = new Random(plan.seed() * 1_000 + number);
        cluster.nodes().forEach(node -> lines.add(new HttpLine(node, cluster.sessionIds())));
    }

    Random random() {
        return random;
    }

    /** Any node that is not broken on purpose just now, and not this one if there is another. */
    int anyNodeBut(int not) {
        int first = random.nextInt(DriverCluster.NODES);
        int found = first;
        for (int i = 0; i < DriverCluster.NODES; i++) {
            int node = (first + i) % DriverCluster.NODES;
            if (!cluster.isAway(node) && node != not) {
                return node;
            }
            found = cluster.isAway(node) ? found : node;
        }
        return found;
    }

    /** Makes a session; null if nobody knows whether it was made. */
    @Nullable
    SharedSession opens(int session) {
        int node = anyNodeBut(-1);
        long start = System.nanoTime();
        try {
            String cookie = lines.get(node).say("open+" + session, null).cookie();
            record(Kind.OPEN, session, "", "", node, false, start, cookie == null ? Result.UNKNOWN : Result.OK);
            return cookie == null ? null : new SharedSession(session, cookie);
        } catch (IOException failure) {
            record(Kind.OPEN, session, "", "", node, false, start, resultOf(failure));
            return null;
        }
    }

    /**
     * Asks by HTTP; returns the result. A request that comes with an id which the session has no longer is sent again
     * with the new one.
     */
    Result asks(Kind kind, SharedSession session, String name, String value, int node) throws InterruptedException {
        while (true) {
            String cookie = session.cookie();
            long start = System.nanoTime();
            try {
                String answer =
                        lines.get(node).say(words(kind, name, value), cookie).text();
                if (!answer.equals(NO_SESSION)) {
                    return answered(kind, session, name, value, node, false, start, answer);
                }
                long end = System.nanoTime();
                switch (session.awaitMoveFrom(cookie, MOVE_LIMIT)) {
                    case DONE -> {
                        continue;
                    }
                    case NONE -> {
                        history.add(new Operation(
                                number, kind, session.number(), name, value, node, false, start, end, Result.GONE));
                        return Result.GONE;
                    }
                    case UNKNOWN -> {
                        // Perhaps the id of this moment, and perhaps not.
                        history.add(new Operation(
                                number, kind, session.number(), name, value, node, false, start, end, Result.NOT_SENT));
                        return Result.NOT_SENT;
                    }
                }
            } catch (IOException failure) {
                Result result = resultOf(failure);
                record(kind, session.number(), name, value, node, false, start, result);
                return result;
            }
        }
    }

    /** Asks by a socket; returns the result. Where the node has closed the socket, that is recorded as well. */
    Result asks(Kind kind, SharedSession session, String name, String value, SocketLine socket) {
        long start = System.nanoTime();
        try {
            String answer = socket.say(words(kind, name, value));
            return answered(kind, session, name, value, socket.node(), true, start, answer);
        } catch (IOException failure) {
            record(kind, session.number(), name, value, socket.node(), true, start, Result.UNKNOWN);
            if (failure instanceof SocketLine.ClosedException closed) {
                closed(session, socket, closed.code(), System.nanoTime());
            }
            socket.drop();
            return Result.UNKNOWN;
        }
    }

    private Result answered(
            Kind kind,
            SharedSession session,
            String name,
            String value,
            int node,
            boolean bySocket,
            long start,
            String answer) {
        boolean reads = kind == Kind.READ || kind == Kind.LAST_READ;
        Result result = !answer.startsWith("!")
                ? Result.OK
                : answer.startsWith(ENDED) && !answer.contains(STOPPING) ? Result.GONE : Result.UNKNOWN;
        record(
                kind,
                session.number(),
                name,
                reads && result == Result.OK ? answer : value,
                node,
                bySocket,
                start,
                result);
        return result;
    }

    private static String words(Kind kind, String name, String value) {
        return switch (kind) {
            case WRITE -> "set+" + name + "+" + value;
            case READ, LAST_READ -> "get+" + name;
            case END -> "end";
            case FORMER_ID -> "id";
            case LIMIT -> "max+" + value;
            case RENAME, OPEN, UPGRADE, CLOSE, EXPIRY -> throw new AssertionError(kind);
        };
    }

    /** Opens a socket; null if it did not open, which is recorded. */
    @Nullable
    SocketLine opensSocket(SharedSession session, int node) {
        String cookie = session.cookie();
        long start = System.nanoTime();
        try {
            SocketLine socket = SocketLine.open(node, cluster.node(node), cookie);
            boolean bound = !socket.say("id").equals(NO_SESSION);
            record(Kind.UPGRADE, session.number(), "", "", node, true, start, bound ? Result.OK : Result.UNKNOWN);
            if (bound) {
                return socket;
            }
            socket.drop();
        } catch (IOException failure) {
            record(Kind.UPGRADE, session.number(), "", "", node, true, start, resultOf(failure));
        }
        return null;
    }

    /** Asks a socket for the id of its session; null if it does not say. */
    @Nullable
    String idAt(SocketLine socket) {
        try {
            String id = socket.say("id");
            return id.startsWith("!") || id.equals(NO_SESSION) ? null : id;
        } catch (IOException failure) {
            socket.drop();
            return null;
        }
    }

    /** Gives a session a new id; tells whether it is known which one it has now. */
    boolean renames(SharedSession session) {
        int node = anyNodeBut(-1);
        String before = session.cookie();
        session.moves();
        long start = System.nanoTime();
        try {
            HttpLine.Answer answer = lines.get(node).say("changeId", before);
            String cookie = answer.cookie();
            Result result = cookie != null
                    ? Result.OK
                    : answer.text().equals(NO_SESSION) || answer.text().startsWith(ENDED)
                            ? Result.GONE
                            : Result.UNKNOWN;
            record(Kind.RENAME, session.number(), "", "", node, false, start, result);
            if (cookie != null) {
                session.moved(cookie);
                formerId(session, before, anyNodeBut(-1));
            } else if (result == Result.GONE) {
                session.moved(before);
            }
            return result != Result.UNKNOWN;
        } catch (IOException failure) {
            Result result = resultOf(failure);
            record(Kind.RENAME, session.number(), "", "", node, false, start, result);
            if (result == Result.NOT_SENT) {
                session.moved(before);
            }
            return result == Result.NOT_SENT;
        }
    }

    /** Looks whether a former id opens anything: it must not. */
    void formerId(SharedSession session, String cookie, int node) {
        long start = System.nanoTime();
        try {
            String answer = lines.get(node).say("id", cookie).text();
            Result result =
                    answer.equals(NO_SESSION) ? Result.GONE : answer.startsWith("!") ? Result.UNKNOWN : Result.OK;
            if (result == Result.OK) {
                record(Kind.FORMER_ID, session.number(), "", "", node, false, start, result);
            }
        } catch (IOException failure) {
            // Nobody learns anything from a question that is not answered.
            lines.get(node).drop();
        }
    }

    /** The socket was found closed, or {@link Operation#STILL_OPEN}. */
    void closed(SharedSession session, SocketLine socket, String code, long when) {
        history.add(new Operation(
                number, Kind.CLOSE, session.number(), "", code, socket.node(), true, when, when, Result.OK));
    }

    void record(
            Kind kind, int session, String name, String value, int node, boolean bySocket, long start, Result result) {
        history.add(
                new Operation(number, kind, session, name, value, node, bySocket, start, System.nanoTime(), result));
    }

    /**
     * The session is left alone now, and expires within this time; with an unknown result it does so at any time after,
     * or never.
     */
    void leavesAlone(SharedSession session, long from, long to, Result result) {
        history.add(new Operation(number, Kind.EXPIRY, session.number(), "", "", -1, false, from, to, result));
    }

    private static Result resultOf(IOException failure) {
        return failure instanceof ConnectException ? Result.NOT_SENT : Result.UNKNOWN;
    }

    @Override
    public void close() {
        lines.forEach(HttpLine::drop);
    }
}
