package misuse;

import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.Date;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** What applications put into sessions: every kind by its name. */
final class Values {
    private Values() {}

    /** A new value of a kind, with {@code text} in it. */
    static Object of(String kind, String text) {
        return switch (kind) {
            case "text" -> text;
            case "number" -> Integer.valueOf(text);
            case "decimal" -> new BigDecimal(text);
            case "instant" -> Instant.ofEpochSecond(Long.parseLong(text));
            case "dates" -> new ArrayList<>(List.of(LocalDate.parse(text), new Date(0)));
            case "list" -> new ArrayList<>(List.of(text));
            case "linked" -> new LinkedList<>(List.of(text));
            case "fixed" -> Arrays.asList(text, "b");
            case "immutable" -> List.of(text, "b", "c");
            case "pair" -> List.of(text, "b");
            case "setOf" -> Set.of(text, "b", "c");
            case "mapOf" -> Map.of(text, 1, "b", 2);
            case "unmodifiable" -> Collections.unmodifiableMap(new TreeMap<>(Map.of(text, List.of())));
            case "empty" -> Collections.emptyList();
            case "queue" -> new ArrayDeque<>(List.of(text));
            case "clazz" -> Colour.class;
            case "synchronized" -> Collections.synchronizedList(new ArrayList<>(List.of(text)));
            case "copyOnWrite" -> new CopyOnWriteArrayList<>(List.of(text));
            case "map" -> new HashMap<>(Map.of("k", text));
            case "concurrent" -> new ConcurrentHashMap<>(Map.of("k", text));
            case "sorted" ->
                new TreeMap<String, String>((Comparator<String>) (a, b) -> b.compareTo(a)) {
                    private static final long serialVersionUID = 1L;

                    {
                        put("a", text);
                        put("b", "2");
                    }
                };
            case "enums" -> new EnumMap<>(Map.of(Colour.RED, text));
            case "enumSet" -> new HashSet<>(List.of(Colour.RED, Colour.GREEN, Colour.BLUE));
            case "enum" -> Colour.valueOf(text);
            case "bits" -> BitSet.valueOf(new long[] {Long.parseLong(text)});
            case "array" -> new String[] {text, "b"};
            case "atomic" -> new AtomicInteger(Integer.parseInt(text));
            case "record" -> new Point(Integer.parseInt(text), 2);
            case "records" -> new Line(new Point(Integer.parseInt(text), 2), new ArrayList<>(List.of(text)));
            case "lambda" -> (SerializableSupplier) () -> "lambda of " + text;
            case "cart" -> new Cart(text);
            case "bound" -> new Bound(text);
            case "active" -> new Active(text);
            case "wordy" -> new Wordy(text);
            case "restless" -> new Restless(text);
            case "thread" -> new Plug(text);
            case "plugged" -> {
                Cart cart = new Cart("first");
                cart.items.add(new Item("second", null));
                cart.items.add(new Item(text, new Plug("in an item")));
                yield cart;
            }
            case "plugs" -> new HashMap<>(Map.of("k", new ArrayList<>(List.of("fine", new Plug(text)))));
            case "foreign" -> new javax.security.auth.Subject();
            case "big" -> new byte[Integer.parseInt(text)];
            case "deep" -> deep(Integer.parseInt(text));
            default -> Versions.of(kind, text);
        };
    }

    /** Changes a value in place, so that {@code text} is in it. */
    @SuppressWarnings("unchecked")
    static void change(Object value, String text) {
        if (value instanceof List<?> list) {
            try {
                ((List<Object>) list).add(text);
            } catch (UnsupportedOperationException fixed) {
                ((List<Object>) list).set(0, text);
            }
        } else if (value instanceof Set<?> set) {
            ((Set<Object>) set).remove(Colour.valueOf(text));
        } else if (value instanceof EnumMap<?, ?> map) {
            ((Map<Object, Object>) map).put(Colour.GREEN, text);
        } else if (value instanceof Map<?, ?> map) {
            ((Map<Object, Object>) map).put("c" + text, text);
        } else if (value instanceof BitSet bits) {
            bits.set(Integer.parseInt(text));
        } else if (value instanceof String[] array) {
            array[0] = text;
        } else if (value instanceof byte[] bytes) {
            bytes[0] = 1;
        } else if (value instanceof AtomicInteger atomic) {
            atomic.addAndGet(Integer.parseInt(text));
        } else if (value instanceof Cart cart) {
            cart.items.add(new Item(text, null));
        } else if (value instanceof Line line) {
            line.names().add(text);
        } else if (value instanceof Wordy wordy) {
            wordy.text = text;
        } else if (value instanceof Restless restless) {
            restless.text = text;
        } else {
            throw new UnsupportedOperationException("cannot be changed: " + value);
        }
    }

    /** A value in words that are the same on every node. */
    static String words(Object value) {
        if (value instanceof Object[] array) {
            return Arrays.toString(array);
        }
        if (value instanceof HttpSession) {
            return "a session";
        }
        if (value != null && value.getClass().getName().startsWith("org.eclipse.jetty.")) {
            return "a " + value.getClass().getSimpleName();
        }
        if (value instanceof byte[] bytes) {
            return bytes.length + " bytes from " + bytes[0];
        }
        if (value instanceof Supplier<?> supplier) {
            return String.valueOf(supplier.get());
        }
        if (value instanceof Set<?> set) {
            return set.stream().map(String::valueOf).sorted().toList().toString();
        }
        if (value instanceof Map<?, ?> map && !(map instanceof SortedMap)) {
            Map<String, Object> sorted = new TreeMap<>();
            map.forEach((k, v) -> sorted.put(String.valueOf(k), v));
            return sorted.toString();
        }
        return String.valueOf(value);
    }

    private static Object deep(int depth) {
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < depth; i++) {
            list = new ArrayList<>(List.of(list));
        }
        return new Wrapped(list);
    }

    /** An enum with a constant that has a class of its own. */
    enum Colour {
        RED,
        GREEN {
            @Override
            String shade() {
                return "dark";
            }
        },
        BLUE;

        String shade() {
            return "light";
        }
    }

    /** A comparator that may be stored. */
    interface Comparator<T> extends java.util.Comparator<T>, Serializable {}

    /** A lambda that may be stored. */
    interface SerializableSupplier extends Supplier<String>, Serializable {}

    /** Nothing in it can change. */
    record Point(int x, int y) implements Serializable {}

    /** A list in it can. */
    record Line(Point from, List<String> names) implements Serializable {}

    /** Hides its depth from {@code toString}. */
    record Wrapped(List<Object> list) implements Serializable {
        @Override
        public String toString() {
            return "deep";
        }
    }

    /** Is no {@code Serializable}. */
    static final class Plug {
        private final String text;

        Plug(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return "plug " + text;
        }
    }

    /** A thing with a part that may not be serialisable. */
    record Item(String name, Object listener) implements Serializable {
        @Override
        public String toString() {
            return name;
        }
    }

    /** A shopping cart; {@code null} is in it, and itself. */
    static final class Cart implements Serializable {
        private static final long serialVersionUID = 1L;

        final List<Item> items = new ArrayList<>();
        private final Cart self = this;

        Cart(String item) {
            items.add(new Item(item, null));
        }

        @Override
        public String toString() {
            return "cart " + items + (self == this);
        }
    }

    /** Hears that it is bound. */
    static final class Bound implements HttpSessionBindingListener, Serializable {
        private static final long serialVersionUID = 1L;

        private final String text;

        Bound(String text) {
            this.text = text;
        }

        @Override
        public void valueBound(HttpSessionBindingEvent event) {
            Events.note("bound " + event.getName() + " " + text);
            if (text.equals("refuses")) {
                throw new IllegalArgumentException("thrown by valueBound");
            }
            event.getSession().setAttribute("boundBy", text);
        }

        @Override
        public void valueUnbound(HttpSessionBindingEvent event) {
            Events.note("unbound " + event.getName() + " " + text);
            if (text.equals("throws")) {
                throw new IllegalArgumentException("thrown by valueUnbound");
            }
        }

        @Override
        public String toString() {
            return "bound " + text;
        }
    }

    /** Hears that its session comes to a node; what it makes then cannot be stored. */
    static final class Active implements HttpSessionActivationListener, Serializable {
        private static final long serialVersionUID = 1L;

        private final String text;
        private transient Plug plug;

        Active(String text) {
            this.text = text;
            this.plug = new Plug("made at once");
        }

        @Override
        public void sessionDidActivate(HttpSessionEvent event) {
            plug = new Plug("made again");
            Events.note("activated " + text);
        }

        @Override
        public void sessionWillPassivate(HttpSessionEvent event) {
            Events.note("passivated " + text);
        }

        @Override
        public String toString() {
            return "active " + text + (plug == null ? " without its plug" : " with its plug");
        }
    }

    /** Writes and reads itself. */
    static final class Wordy implements Serializable {
        private static final long serialVersionUID = 1L;

        private transient String text;

        Wordy(String text) {
            this.text = text;
        }

        private void writeObject(ObjectOutputStream out) throws IOException {
            out.defaultWriteObject();
            out.writeUTF(text);
        }

        private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
            in.defaultReadObject();
            text = in.readUTF();
        }

        @Override
        public String toString() {
            return "wordy " + text;
        }
    }

    /** As if another thread changed it while it is being written: cannot be written the first times after a change. */
    static final class Restless implements Serializable {
        private static final long serialVersionUID = 1L;

        private String text;
        private transient String writtenText;
        private transient int failures;

        Restless(String text) {
            this.text = text;
            this.writtenText = text;
        }

        private void writeObject(ObjectOutputStream out) throws IOException {
            if (!text.equals(writtenText) && failures++ < 4) {
                throw new java.util.ConcurrentModificationException("as if somebody changed it");
            }
            failures = 0;
            writtenText = text;
            out.defaultWriteObject();
        }

        private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
            in.defaultReadObject();
            writtenText = text;
        }

        @Override
        public String toString() {
            return "restless " + text;
        }
    }
}
