package dev.mooring.driver;

import dev.mooring.driver.Report.Finding;
import dev.mooring.nodes.JettyNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who works on all sessions: an HTTP connection to every node, and for each session two sockets on two nodes, so that there is
 * always one on another node. Used by one thread.
 */
final class Worker implements AutoCloseable {
    private static final Duration MOVE_LIMIT = Duration.ofSeconds(20);
    private static final String NO_SESSION = "none";
    private static final String REFUSED = "!";

    private final List<JettyNode> nodes;
    private final List<SharedSession> sessions;
    private final Plan plan;
    private final Report report;
    private final Random random;
    private final List<HttpLine> lines;

    /** By number of the session, two for each. */
    private final List<List<SocketLine>> sockets = new ArrayList<>();

    /** A way to a node. */
    private record Road(int node, @Nullable SocketLine socket) {
        @Override
        public String toString() {
            return "node-" + node + " by " + (socket == null ? "HTTP" : "WebSocket");
        }
    }

    Worker(int number, List<JettyNode> nodes, List<SharedSession> sessions, Plan plan, Report report) {
        this.nodes = nodes;
        this.sessions = sessions;
        this.plan = plan;
        this.report = report;
        this.random = new Random(plan.seed() * 1_000 + number);
        this.lines = nodes.stream().map(HttpLine::new).toList();
    }

    /** Opens the sockets. */
    void open() throws IOException {
        for (SharedSession session : sessions) {
            int first = random.nextInt(nodes.size());
            int second = otherThan(first);
            var pair = new ArrayList<SocketLine>();
            sockets.add(pair);
            if (plan.sockets() > 0) {
                pair.add(SocketLine.open(first, nodes.get(first), session.cookie()));
                pair.add(SocketLine.open(second, nodes.get(second), session.cookie()));
            }
        }
    }

    /** Writes the next value of one of this writer's attributes, and maybe looks at once for it on another node. */
    void write(int writer) throws InterruptedException {
        int number = random.nextInt(sessions.size());
        Cell cell = sessions.get(number).cells().get(writer);
        Road road = road(number, -1);
        Road back = road(number, road.node);
        long value = cell.issue();
        String answer = say(number, road, "set+" + cell.name() + "+" + value);
        if (!"ok".equals(answer)) {
            cell.doubt(value);
            return;
        }
        cell.finish(value);
        report.wrote(road.socket != null);
        if (random.nextInt(100) < plan.checks()) {
            check(number, cell, road, back);
        }
    }

    /** Reads any attribute anywhere. */
    void read() throws InterruptedException {
        int number = random.nextInt(sessions.size());
        List<Cell> cells = sessions.get(number).cells();
        Cell cell = cells.get(random.nextInt(cells.size()));
        check(number, cell, null, road(number, -1));
    }

    private void check(int number, Cell cell, @Nullable Road written, Road road) throws InterruptedException {
        long floor = cell.finished();
        String seen = say(number, road, "get+" + cell.name());
        if (seen == null) {
            return;
        }
        report.checked();
        if (!cell.admits(seen, floor)) {
            report.found(
                    Finding.STALE,
                    sessions.get(number) + " " + cell.name() + " was " + floor
                            + (written == null ? "" : ", written at " + written) + ", read as " + seen + " at " + road);
        }
    }

    /** Looks whether each attribute that this writer wrote has its last value, by HTTP on each node and by each socket. */
    void verify(int writer) throws InterruptedException {
        for (int number = 0; number < sessions.size(); number++) {
            Cell cell = sessions.get(number).cells().get(writer);
            var wrong = new ArrayList<String>();
            for (Road road : allRoads(number)) {
                String seen = say(number, road, "get+" + cell.name());
                if (seen == null || !cell.admits(seen, cell.finished())) {
                    wrong.add(seen + " at " + road);
                }
            }
            if (!wrong.isEmpty()) {
                report.found(
                        Finding.LOST,
                        sessions.get(number) + " " + cell.name() + " was last " + cell.finished() + ", but is "
                                + wrong);
            }
        }
    }

    /** Gives a session a new id. */
    void changeId() throws InterruptedException {
        SharedSession session = sessions.get(random.nextInt(sessions.size()));
        String before = session.cookie();
        try {
            HttpLine.Answer answer = lines.get(random.nextInt(lines.size())).say("changeId", before);
            String cookie = answer.cookie();
            if (cookie == null) {
                report.found(Finding.MISPLACED, session + " is gone: change of its id answered " + answer.text());
                return;
            }
            session.moved(cookie);
            report.changedId();
            int anywhere = random.nextInt(lines.size());
            String old = lines.get(anywhere).say("id", before).text();
            if (!old.equals(NO_SESSION)) {
                report.found(Finding.MISPLACED, session + " is opened by its old id at node-" + anywhere);
            }
        } catch (IOException failure) {
            report.found(Finding.UNKNOWN, session + " change of its id: " + failure);
        }
    }

    /** Looks whether any former id opens anything anywhere. */
    void verifyFormerIds() throws IOException {
        for (SharedSession session : sessions) {
            for (String cookie : session.formerCookies()) {
                for (int node = 0; node < lines.size(); node++) {
                    if (!lines.get(node).say("id", cookie).text().equals(NO_SESSION)) {
                        report.found(Finding.MISPLACED, session + " is opened by a former id at node-" + node);
                    }
                }
            }
        }
    }

    /** Says it and returns the answer; null if there was none, which has been reported. */
    private @Nullable String say(int number, Road road, String words) throws InterruptedException {
        try {
            String answer = road.socket == null
                    ? sayByHttp(sessions.get(number), road.node, words)
                    : sayBySocket(number, road.socket, words);
            if (!answer.startsWith(REFUSED)) {
                return answer;
            }
            report.found(Finding.UNKNOWN, sessions.get(number) + " " + words + " at " + road + ": " + answer);
        } catch (IOException failure) {
            report.found(Finding.UNKNOWN, sessions.get(number) + " " + words + " at " + road + ": " + failure);
        }
        return null;
    }

    /** A request that comes with an id which the session has no longer does nothing, and is sent again with the new one. */
    private String sayByHttp(SharedSession session, int node, String words) throws IOException, InterruptedException {
        while (true) {
            String cookie = session.cookie();
            String answer = lines.get(node).say(words, cookie).text();
            if (!answer.equals(NO_SESSION)) {
                return answer;
            }
            if (!session.awaitMoveFrom(cookie, MOVE_LIMIT)) {
                report.found(Finding.MISPLACED, session + " is opened by nothing at node-" + node);
                return REFUSED + "no session";
            }
        }
    }

    private String sayBySocket(int number, SocketLine socket, String words) throws IOException {
        try {
            return socket.say(words);
        } catch (IOException failure) {
            SharedSession session = sessions.get(number);
            report.found(Finding.CLOSED, session + " at node-" + socket.node() + ": " + failure);
            socket.drop();
            List<SocketLine> pair = sockets.get(number);
            int place = pair.indexOf(socket);
            pair.set(place, SocketLine.open(socket.node(), nodes.get(socket.node()), session.cookie()));
            throw failure;
        }
    }

    /** A way to any node but this one. */
    private Road road(int number, int not) {
        if (random.nextInt(100) < plan.sockets()) {
            List<SocketLine> pair = sockets.get(number);
            int any = random.nextInt(pair.size());
            SocketLine socket = pair.get(any).node() == not ? pair.get(1 - any) : pair.get(any);
            return new Road(socket.node(), socket);
        }
        return new Road(not < 0 ? random.nextInt(nodes.size()) : otherThan(not), null);
    }

    private List<Road> allRoads(int number) {
        var roads = new ArrayList<Road>();
        IntStream.range(0, nodes.size()).forEach(node -> roads.add(new Road(node, null)));
        sockets.get(number).forEach(socket -> roads.add(new Road(socket.node(), socket)));
        return roads;
    }

    private int otherThan(int node) {
        return (node + 1 + random.nextInt(nodes.size() - 1)) % nodes.size();
    }

    /** Closes the sockets; one that does not close as it should is reported. */
    @Override
    public void close() throws IOException {
        for (HttpLine line : lines) {
            line.close();
        }
        for (List<SocketLine> pair : sockets) {
            for (SocketLine socket : pair) {
                try {
                    socket.close();
                } catch (IOException failure) {
                    report.found(Finding.CLOSED, "at node-" + socket.node() + ", when closed from here: " + failure);
                }
            }
        }
    }
}
