package spring;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.springframework.stereotype.Component;
import org.springframework.web.context.annotation.SessionScope;

/** What a user has chosen: one bean for each session. */
@Component("basket")
@SessionScope
public class Basket implements Serializable {
    private static final long serialVersionUID = 1L;

    private final List<String> items = new ArrayList<>();

    /** Puts something in, in place. */
    public void add(String item) {
        items.add(item);
    }

    /** What is in it. */
    public List<String> items() {
        return List.copyOf(items);
    }
}
