// A loop of client-go, the client under kperf and kube-burner, as fast as it can: GETs and LISTs whose bodies are
// read and thrown away, or creates of secrets. Prints what it did as JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var (
	kubeconfig = flag.String("kubeconfig", "", "who, and where")
	path       = flag.String("path", "", "path and query to GET")
	create     = flag.String("create", "", "namespace to create secrets in, instead")
	accept     = flag.String("accept", "application/json", "the Accept header")
	http2      = flag.Bool("http2", false, "HTTP/2 instead of HTTP/1.1")
	total      = flag.Int64("total", 1000, "requests")
	clients    = flag.Int("clients", 8, "who send at once, on a connection each")
)

type work func(context.Context) (int64, error)

func main() {
	flag.Parse()
	var left, bytes, failed atomic.Int64
	left.Store(*total)
	var all sync.WaitGroup
	for range *clients {
		do := newClient()
		all.Go(func() {
			for left.Add(-1) >= 0 {
				size, err := do(context.Background())
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					failed.Add(1)
				}
				bytes.Add(size)
			}
		})
	}
	all.Wait()
	json.NewEncoder(os.Stdout).Encode(map[string]int64{"bytes": bytes.Load(), "failed": failed.Load()})
}

func newClient() work {
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	check(err)
	config.QPS = -1
	// As ours, which asks for gzip only when told to.
	config.DisableCompression = true
	config.AcceptContentTypes = *accept
	// As kube-burner sends what it creates.
	config.ContentType = "application/json"
	// With a dialer of its own it has a connection of its own.
	config.Dial = (&net.Dialer{}).DialContext
	if !*http2 {
		config.NextProtos = []string{"http/1.1"}
	}
	clientset, err := kubernetes.NewForConfig(config)
	check(err)
	if *create != "" {
		return creator(clientset)
	}
	return getter(clientset.CoreV1().RESTClient())
}

func getter(client rest.Interface) work {
	return func(ctx context.Context) (int64, error) {
		body, err := client.Get().RequestURI(*path).Stream(ctx)
		if err != nil {
			return 0, err
		}
		defer body.Close()
		return io.Copy(io.Discard, body)
	}
}

func creator(clientset kubernetes.Interface) work {
	data := make([]byte, 1024)
	return func(ctx context.Context) (int64, error) {
		secret := corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "peer-"},
			Data:       map[string][]byte{"value": data},
		}
		_, err := clientset.CoreV1().Secrets(*create).Create(ctx, &secret, metav1.CreateOptions{})
		return 0, err
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
