package dev.mooring.driver;

import dev.mooring.driver.Operation.Kind;
import dev.mooring.driver.Operation.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who works on all shared sessions: by HTTP on every node, and for each session by two sockets on two nodes,
 * so that there is always one on another node. Used by one thread.
 */
final class Worker implements AutoCloseable {
    private static final int SOCKETS = 2;

    private final DriverCluster cluster;
    private final List<SharedSession> sessions;
    private final Plan plan;
    private final Caller caller;
    private final Random random;

    /** By number of the session, some for each; null is one that could not be opened yet. */
    private final List<List<@Nullable SocketLine>> sockets = new ArrayList<>();

    Worker(int number, DriverCluster cluster, List<SharedSession> sessions, Plan plan, History history) {
        this.cluster = cluster;
        this.sessions = sessions;
        this.plan = plan;
        this.caller = new Caller(number, cluster, plan, history);
        this.random = caller.random();
    }

    /** Opens so many sockets for each session, each on another node. */
    void open(int socketsEach) {
        for (SharedSession session : sessions) {
            var some = new ArrayList<@Nullable SocketLine>();
            sockets.add(some);
            for (int i = 0; i < (plan.sockets() > 0 ? socketsEach : 0); i++) {
                some.add(null);
                reopen(session, some, i);
            }
        }
    }

    /** Opens the usual sockets. */
    void open() {
        open(SOCKETS);
    }

    /** Writes a new value of one of this writer's attributes, and maybe looks at once for it on another node. */
    void write(int writer) throws InterruptedException {
        SharedSession session = sessions.get(random.nextInt(sessions.size()));
        String name = nameOf(writer);
        int there = random.nextInt(100) < plan.sockets() ? socket(session, -1) : -1;
        int node = there >= 0 ? nodeOf(session, there) : caller.anyNodeBut(-1);
        Result result = ask(Kind.WRITE, session, name, session.newValue(), there, node);
        if (result == Result.OK && random.nextInt(100) < plan.checks()) {
            int back = random.nextInt(100) < plan.sockets() ? socket(session, node) : -1;
            ask(Kind.READ, session, name, "", back, caller.anyNodeBut(node));
        }
    }

    /** Reads any attribute anywhere. */
    void read() throws InterruptedException {
        SharedSession session = sessions.get(random.nextInt(sessions.size()));
        int there = random.nextInt(100) < plan.sockets() ? socket(session, -1) : -1;
        ask(Kind.READ, session, nameOf(random.nextInt(plan.writers())), "", there, caller.anyNodeBut(-1));
    }

    /**
     * Reads this writer's attribute of each session by HTTP on each node and by each socket, when nobody writes any
     * more.
     */
    void verify(int writer) throws InterruptedException {
        for (SharedSession session : sessions) {
            String name = nameOf(writer);
            for (int node = 0; node < DriverCluster.NODES; node++) {
                caller.asks(Kind.LAST_READ, session, name, "", node);
            }
            for (int i = 0; i < socketsOf(session).size(); i++) {
                if (socketsOf(session).get(i) != null) {
                    ask(Kind.LAST_READ, session, name, "", i, -1);
                }
            }
        }
    }

    /**
     * Gives a session a new id. If nobody knows whether it has it, a socket says so, once all nodes run; if none can,
     * nobody ever knows, and whatever is asked with the former id is answered with nothing that counts.
     */
    void changeId() throws InterruptedException {
        SharedSession session = sessions.get(random.nextInt(sessions.size()));
        List<@Nullable SocketLine> some = socketsOf(session);
        for (int i = 0; i < some.size(); i++) {
            SocketLine idle = some.get(i);
            if (idle != null && caller.idAt(idle) == null) {
                // Closed by its node for its silence, or with its node.
                some.set(i, null);
            }
            reopen(session, some, i);
        }
        if (caller.renames(session)) {
            return;
        }
        cluster.awaitCalm();
        for (SocketLine socket : some) {
            String id = socket == null ? null : caller.idAt(socket);
            if (id != null) {
                String cookie = session.cookie();
                session.moved(cookie.substring(0, cookie.indexOf('=') + 1) + id);
                return;
            }
        }
    }

    /** Looks whether any former id opens anything anywhere. */
    void verifyFormerIds() {
        for (SharedSession session : sessions) {
            for (String cookie : session.formerCookies()) {
                for (int node = 0; node < DriverCluster.NODES; node++) {
                    caller.formerId(session, cookie, node);
                }
            }
        }
    }

    /** Two writers share an attribute. */
    private static String nameOf(int writer) {
        return "w" + writer / 2;
    }

    private Result ask(Kind kind, SharedSession session, String name, String value, int place, int node)
            throws InterruptedException {
        List<@Nullable SocketLine> some = socketsOf(session);
        SocketLine socket = place < 0 ? null : some.get(place);
        if (socket == null) {
            return caller.asks(kind, session, name, value, node);
        }
        Result result = caller.asks(kind, session, name, value, socket);
        if (socket.isDropped()) {
            some.set(place, null);
        }
        return result;
    }

    /** The place of a socket to any node but this one that is not broken just now; -1 if there is none. */
    private int socket(SharedSession session, int not) {
        List<@Nullable SocketLine> some = socketsOf(session);
        int first = some.isEmpty() ? 0 : random.nextInt(some.size());
        for (int i = 0; i < some.size(); i++) {
            int place = (first + i) % some.size();
            reopen(session, some, place);
            SocketLine socket = some.get(place);
            if (socket != null && socket.node() != not && !cluster.isAway(socket.node())) {
                return place;
            }
        }
        return -1;
    }

    private void reopen(SharedSession session, List<@Nullable SocketLine> some, int place) {
        if (some.get(place) == null) {
            int other = place == 0 ? some.size() - 1 : place - 1;
            SocketLine neighbour = some.get(other);
            some.set(place, caller.opensSocket(session, caller.anyNodeBut(neighbour == null ? -1 : neighbour.node())));
        }
    }

    private int nodeOf(SharedSession session, int place) {
        SocketLine socket = socketsOf(session).get(place);
        return socket == null ? -1 : socket.node();
    }

    private List<@Nullable SocketLine> socketsOf(SharedSession session) {
        return sockets.get(sessions.indexOf(session));
    }

    /** Closes the sockets; one that does not close as it should is no matter here. */
    @Override
    public void close() {
        caller.close();
        sockets.forEach(some -> some.forEach(socket -> {
            if (socket != null) {
                socket.close();
            }
        }));
    }
}
