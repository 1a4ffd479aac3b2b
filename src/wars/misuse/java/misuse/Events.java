package misuse;

import java.util.ArrayList;
import java.util.List;

/** What listeners and values were told on this node since somebody asked last. Thread-safe. */
final class Events {
    private static final List<String> LINES = new ArrayList<>();

    private Events() {}

    /** Notes one. */
    static synchronized void note(String line) {
        LINES.add(line);
    }

    /** All since the last call, in order. */
    static synchronized String drain() {
        String events = String.join(", ", LINES);
        LINES.clear();
        return events;
    }
}
