import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A core system's receiver of callbacks, for Java 8 and later, with nothing but the JDK.
 *
 * <p>It takes a callback only if it is genuine and fresh, keeps it before it answers, and works on it afterwards: it fetches
 * the guarantee over the interface, and approves an application on the terms of the gateway's rules.
 *
 * <pre>
 * javac --release 8 Receiver.java
 * CALLBACK_SECRETS='whsec_...' GATEWAY_URL=http://127.0.0.1:8090/api/v1 GATEWAY_KEY=bhk_... java Receiver
 * </pre>
 *
 * <p>CALLBACK_SECRETS has one secret, or two with a space between them while they are changed. The key needs the scopes
 * {@code read} and {@code underwrite}. LISTEN (127.0.0.1:9000) says where callbacks arrive, INBOX (inbox) is the folder in
 * which they are kept. A real core system has a library for JSON, and a table for its inbox.
 */
public final class Receiver {
    /** Seconds, as Standard Webhooks say. */
    private static final long TOLERANCE = 300;

    private static final int LONGEST = 1 << 20;

    /** The id becomes the name of a file. */
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    private final List<byte[]> secrets = new ArrayList<>();
    private final String gateway = System.getenv("GATEWAY_URL");
    private final String key = System.getenv("GATEWAY_KEY");
    private final Path inbox = Paths.get(setting("INBOX", "inbox"));
    private final ScheduledExecutorService worker = Executors.newSingleThreadScheduledExecutor();

    private Receiver() throws IOException {
        for (String secret : System.getenv("CALLBACK_SECRETS").trim().split(" +")) {
            secrets.add(Base64.getDecoder().decode(secret.substring("whsec_".length())));
        }
        Files.createDirectories(inbox);
    }

    public static void main(String[] arguments) throws IOException {
        Receiver receiver = new Receiver();
        String[] listen = setting("LISTEN", "127.0.0.1:9000").split(":");
        InetSocketAddress address = new InetSocketAddress(listen[0], Integer.parseInt(listen[1]));
        HttpServer server = HttpServer.create(address, 0);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", receiver::receive);
        server.start();
        receiver.worker.scheduleWithFixedDelay(receiver::work, 0, 200, TimeUnit.MILLISECONDS);
        System.out.println("listening on " + server.getAddress());
    }

    private static String setting(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null ? otherwise : value;
    }

    private void receive(HttpExchange exchange) throws IOException {
        int status;
        try {
            byte[] body = read(exchange.getRequestBody());
            if (body == null) {
                status = 413;
            } else {
                String problem = problem(exchange, body);
                if (problem == null) {
                    keep(exchange.getRequestHeaders().getFirst("webhook-id"), body);
                    status = 204;
                } else {
                    System.out.println("refused: " + problem);
                    status = 401;
                }
            }
        } catch (IOException | GeneralSecurityException problem) {
            System.out.println("failed: " + problem);
            status = 500;
        }
        exchange.sendResponseHeaders(status, -1);
        exchange.close();
    }

    private static byte[] read(InputStream stream) throws IOException {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        byte[] part = new byte[8192];
        for (int count = stream.read(part); count >= 0; count = stream.read(part)) {
            whole.write(part, 0, count);
            if (whole.size() > LONGEST) {
                return null;
            }
        }
        return whole.toByteArray();
    }

    /** Why the bytes are not to be trusted, as they came: parsing and writing them again would change them. */
    private String problem(HttpExchange exchange, byte[] body) throws GeneralSecurityException {
        String id = exchange.getRequestHeaders().getFirst("webhook-id");
        String sent = exchange.getRequestHeaders().getFirst("webhook-timestamp");
        String signatures = exchange.getRequestHeaders().getFirst("webhook-signature");
        if (id == null || sent == null || signatures == null || !ID.matcher(id).matches() || !sent.matches("[0-9]{1,12}")) {
            return "no id, no time or no signature";
        }
        if (Math.abs(System.currentTimeMillis() / 1000 - Long.parseLong(sent)) > TOLERANCE) {
            return "too old or too new";
        }
        for (byte[] secret : secrets) {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            mac.update((id + "." + sent + ".").getBytes(StandardCharsets.UTF_8));
            String code = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
            byte[] expected = code.getBytes(StandardCharsets.UTF_8);
            for (String signature : signatures.split(" ")) {
                // Takes the same time wherever the first difference is.
                if (MessageDigest.isEqual(expected, signature.getBytes(StandardCharsets.UTF_8))) {
                    return null;
                }
            }
        }
        return "not signed with our secret";
    }

    /** What is answered with 204 never comes again of itself, so it is on the disk first. A second time is no news. */
    private synchronized void keep(String id, byte[] body) throws IOException {
        if (Files.exists(inbox.resolve(id + ".json")) || Files.exists(inbox.resolve(id + ".done"))) {
            return;
        }
        Path fresh = Files.write(inbox.resolve(id + ".new"), body);
        Files.move(fresh, inbox.resolve(id + ".json"), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Works on what has arrived, the oldest first: the ids of callbacks are made in order. */
    private void work() {
        List<Path> waiting = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(inbox, "*.json")) {
            files.forEach(waiting::add);
            Collections.sort(waiting);
            for (Path file : waiting) {
                String name = file.getFileName().toString();
                String id = name.substring(0, name.length() - ".json".length());
                workOn(id, new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
                Files.move(file, inbox.resolve(id + ".done"), StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException | RuntimeException problem) {
            System.out.println("again later: " + problem);
        }
    }

    private void workOn(String id, String message) throws IOException {
        String kind = field(message, "type");
        String guarantee = field(message, "guarantee_id");
        System.out.println("received " + kind + " " + guarantee);
        if (!kind.equals("application.received") && !kind.equals("application.replaced")) {
            return;
        }
        String path = "/guarantees/" + guarantee;
        HttpURLConnection known = call("GET", path);
        String shown = new String(read(known.getInputStream()), StandardCharsets.UTF_8);
        if (!"applied".equals(field(shown, "stage"))) {
            return;
        }
        HttpURLConnection approval = call("POST", path + "/approval");
        // The same key however often this callback is worked on, and the version that was looked at.
        approval.setRequestProperty("Idempotency-Key", "approval-" + id);
        approval.setRequestProperty("If-Match", known.getHeaderField("ETag"));
        approval.setRequestProperty("Content-Type", "application/json");
        approval.setDoOutput(true);
        approval.getOutputStream().write("{}".getBytes(StandardCharsets.UTF_8));
        int status = approval.getResponseCode();
        if (status == 200) {
            System.out.println("approved " + guarantee);
        } else if (status == 409 || status == 412 || status == 422) {
            // Somebody else was faster, or the rules have no terms for it: `legal_acts` says what may be done now.
            System.out.println("not approved " + guarantee + " " + status);
        } else {
            throw new IOException("approval: HTTP " + status);
        }
    }

    private HttpURLConnection call(String method, String path) throws IOException {
        HttpURLConnection call = (HttpURLConnection) new URL(gateway + path).openConnection();
        call.setRequestMethod(method);
        call.setConnectTimeout(5_000);
        call.setReadTimeout(30_000);
        call.setRequestProperty("Authorization", "Bearer " + key);
        return call;
    }

    /** The first field of this name that is a text without escapes, which ids, types and stages are. */
    private static String field(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"\\\\]*)\"").matcher(json);
        return found.find() ? found.group(1) : "";
    }
}
