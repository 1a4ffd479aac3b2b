package demo;

import jakarta.servlet.http.HttpSession;
import java.util.Collections;
import java.util.TreeMap;

/** What the page is shown of a session, as JSON, and the few things that both of its ways may do to it. */
final class SessionView {

    private static final int ID_CHARACTERS = 10;
    private static final int NAME_LIMIT = 40;
    private static final int VALUE_LIMIT = 200;
    private static final int ATTRIBUTE_LIMIT = 50;

    private SessionView() {}

    /**
     * Reads the session, all of it anew.
     *
     * @throws IllegalStateException if it has ended
     */
    static String of(HttpSession session) {
        var attributes = new TreeMap<String, Object>();
        for (String name : Collections.list(session.getAttributeNames())) {
            Object value = session.getAttribute(name);
            if (value instanceof String || value instanceof Integer) {
                attributes.put(name, value);
            }
        }
        String id = session.getId();
        // The whole id would be as good as the user's password.
        var json = new StringBuilder("{\"node\":").append(quoted(Nodes.here()));
        json.append(",\"id\":").append(quoted(id.substring(0, Math.min(ID_CHARACTERS, id.length()))));
        json.append(",\"attributes\":{");
        String comma = "";
        for (var attribute : attributes.entrySet()) {
            json.append(comma).append(quoted(attribute.getKey())).append(':');
            Object value = attribute.getValue();
            json.append(value instanceof Integer ? value.toString() : quoted((String) value));
            comma = ",";
        }
        return json.append("}}").toString();
    }

    /** What is shown where there is no session. */
    static String none() {
        return "{\"node\":" + quoted(Nodes.here()) + ",\"id\":null,\"attributes\":{}}";
    }

    /**
     * Sets an attribute to a text.
     *
     * @throws IllegalArgumentException if the name or the value is too long, or there are too many attributes
     */
    static void set(HttpSession session, String name, String value) {
        if (name == null || name.isBlank() || name.length() > NAME_LIMIT) {
            throw new IllegalArgumentException("name: expected 1 to " + NAME_LIMIT + " characters");
        }
        if (value == null || value.length() > VALUE_LIMIT) {
            throw new IllegalArgumentException("value: expected at most " + VALUE_LIMIT + " characters");
        }
        if (session.getAttribute(name) == null
                && Collections.list(session.getAttributeNames()).size() >= ATTRIBUTE_LIMIT) {
            throw new IllegalArgumentException("this demo keeps at most " + ATTRIBUTE_LIMIT + " attributes");
        }
        session.setAttribute(name, value);
    }

    /** Adds one to a counter of this node; {@code way} is HTTP or WS. Each counter is an attribute of its own. */
    static int count(HttpSession session, String way) {
        String name = way + "-" + Nodes.here();
        int next = session.getAttribute(name) instanceof Integer before ? before + 1 : 1;
        session.setAttribute(name, next);
        return next;
    }

    /** A JSON string. */
    static String quoted(String text) {
        var quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ' || c == '<' || c > '~') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
